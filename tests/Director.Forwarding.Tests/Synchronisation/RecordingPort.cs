using Director.Forwarding.Scheduling;
using Director.Forwarding.Synchronisation;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>Keeps the datagrams of a director's worker and opens them as a peer would.</summary>
internal sealed class RecordingPort : IDatagramPort
{
    public static readonly UInt128 Boot = new(0x0102030405060708, 0x090A0B0C0D0E0F10);
    public static readonly SynchronisationKeys Keys = new("a secret of tests"u8, "lab");

    private int _read;

    public List<byte[]> Datagrams { get; } = [];

    /// <summary>Called before a datagram is kept.</summary>
    public Action? Sending { get; set; }

    public bool HasPeers { get; set; } = true;

    public void Send(ReadOnlySpan<byte> datagram)
    {
        Sending?.Invoke();
        Datagrams.Add(datagram.ToArray());
    }

    public ConnectionSender Sender(DestinationRegistry destinations, SynchronisedConnections mode = SynchronisedConnections.Full) =>
        new(mode, new RecordStream(3, Boot, Keys, this, 1 << 20), destinations);

    /// <summary>The records of all datagrams since the last call, in order.</summary>
    public ConnectionRecord[] TakeRecords()
    {
        var records = Datagrams.Skip(_read).SelectMany(Open).ToArray();
        _read = Datagrams.Count;
        return records;
    }

    /// <summary>The records of a datagram, which must be whole and genuine.</summary>
    public static List<ConnectionRecord> Open(byte[] datagram)
    {
        Assert.Equal(DatagramFault.None, Datagram.ReadHeader(datagram, Keys.Identity, out var header));
        Assert.Equal((Boot, 3), (header.Boot, header.Stream));
        using var key = Keys.ForDatagrams(Boot);
        var payload = new byte[Datagram.MaximumPayload];
        Assert.True(Datagram.TryOpen(datagram, payload, key, out var length));
        var records = new List<ConnectionRecord>();
        var rest = payload.AsSpan(0, length);
        while (!rest.IsEmpty)
        {
            Assert.True(RecordCodec.TryRead(rest, out var record, out var taken));
            records.Add(record);
            rest = rest[taken..];
        }

        return records;
    }
}
