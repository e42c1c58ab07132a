using Director.Forwarding.Connections;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>Every cell of the state tables, as <c>tcp_states</c> and <c>tcp_states_dos</c> of <c>ip_vs_proto_tcp.c</c> have them.</summary>
public sealed class TcpStateTableTests
{
    private const string States = "NO ES SS SR FW TW CL CW LA LI SA";

    private const string Normal =
        """
        Input     Syn SR ES ES SR SR SR SR SR SR SR SR
        Input     Fin CL CW SS TW TW TW CL CW LA LI TW
        Input     Ack CL ES SS ES FW TW CL CW CL LI ES
        Input     Rst CL CL CL SR CL CL CL CL LA LI SR
        Output    Syn SS ES SS SR SS SS SS SS SS LI SR
        Output    Fin TW FW SS TW FW TW CL TW LA LI TW
        Output    Ack ES ES SS ES FW TW CL CW LA ES ES
        Output    Rst CL CL SS CL CL TW CL CL CL CL CL
        InputOnly Syn SR ES ES SR SR SR SR SR SR SR SR
        InputOnly Fin CL FW SS TW FW TW CL CW LA LI TW
        InputOnly Ack CL ES SS ES FW TW CL CW CL LI ES
        InputOnly Rst CL CL CL SR CL CL CL CL LA LI CL
        """;

    private const string Secure =
        """
        Input     Syn SR ES ES SR SR SR SR SR SR SR SA
        Input     Fin CL CW SS TW TW TW CL CW LA LI SA
        Input     Ack CL ES SS SR FW TW CL CW CL LI SA
        Input     Rst CL CL CL SR CL CL CL CL LA LI CL
        Output    Syn SS ES SS SA SS SS SS SS SS LI SA
        Output    Fin TW FW SS TW FW TW CL TW LA LI TW
        Output    Ack ES ES SS ES FW TW CL CW LA ES ES
        Output    Rst CL CL SS CL CL TW CL CL CL CL CL
        InputOnly Syn SA ES ES SR SA SA SA SA SA SA SA
        InputOnly Fin CL FW SS TW FW TW CL CW LA LI TW
        InputOnly Ack CL ES SS ES FW TW CL CW CL LI ES
        InputOnly Rst CL CL CL SR CL CL CL CL LA LI CL
        """;

    [Theory]
    [InlineData(Normal, false)]
    [InlineData(Secure, true)]
    public void Every_cell_is_IPVSs(string table, bool secure)
    {
        var names = States.Split(' ');
        var cells = 0;
        foreach (var words in table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            var direction = Enum.Parse<TcpDirection>(words[0]);
            var flags = Enum.Parse<TcpFlags>(words[1]);
            for (var state = 0; state < names.Length; state++, cells++)
            {
                var next = TcpStateTable.Next((TcpState)state, direction, (byte)flags, secure);
                Assert.True(names[(int)next] == words[2 + state], $"{words[0]} {words[1]} in {names[state]}: {names[(int)next]}, not {words[2 + state]}");
            }
        }

        Assert.Equal(12 * 11, cells);
    }

    /// <summary>RST first, then SYN, FIN, ACK: SYN with ACK counts as SYN in its direction.</summary>
    [Theory]
    [InlineData(TcpFlags.Rst | TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Ack, TcpFlags.Rst)]
    [InlineData(TcpFlags.Rst | TcpFlags.Ack, TcpFlags.Rst)]
    [InlineData(TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Ack, TcpFlags.Syn)]
    [InlineData(TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Syn)]
    [InlineData(TcpFlags.Fin | TcpFlags.Ack | TcpFlags.Psh, TcpFlags.Fin)]
    [InlineData(TcpFlags.Ack | TcpFlags.Psh, TcpFlags.Ack)]
    internal void Flags_count_in_IPVSs_order(TcpFlags flags, TcpFlags counted)
    {
        foreach (var (state, direction) in from state in Enum.GetValues<TcpState>() from direction in Enum.GetValues<TcpDirection>() select (state, direction))
            Assert.Equal(TcpStateTable.Next(state, direction, (byte)counted, false), TcpStateTable.Next(state, direction, (byte)flags, false));
    }

    [Theory]
    [InlineData(TcpFlags.None)]
    [InlineData(TcpFlags.Psh)]
    internal void A_packet_without_any_of_the_flags_closes(TcpFlags flags)
    {
        foreach (var state in Enum.GetValues<TcpState>())
            Assert.Equal(TcpState.Close, TcpStateTable.Next(state, TcpDirection.Input, (byte)flags, false));
    }

    [Fact]
    public void Timeouts_are_IPVSs()
    {
        var timeouts = new StateTimeouts(Timeouts.Default);
        int[] seconds = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
        Assert.Equal(seconds.Select(second => (uint)second * 100), Enum.GetValues<TcpState>().Select(state => timeouts[state]));
        Assert.Equal(30_000u, timeouts.Udp);

        var set = new StateTimeouts(new Timeouts(7, 8, 9));
        Assert.Equal((700u, 800u, 900u, 12000u), (set[TcpState.Established], set[TcpState.FinWait], set.Udp, set[TcpState.TimeWait]));
    }
}
