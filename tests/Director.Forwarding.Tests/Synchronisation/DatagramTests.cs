using Director.Forwarding.Synchronisation;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What protects datagrams, and how those that are not ours are told apart.</summary>
public sealed class DatagramTests
{
    private static readonly UInt128 Boot = new(1, 2);
    private static readonly SynchronisationKeys Keys = new("sixteen bytes at least"u8, "one");

    [Fact]
    public void The_header_stands_in_the_clear_and_the_rest_does_not()
    {
        var datagram = Sealed("twelve bytes"u8, new(Boot, 7, 9));
        Assert.Equal(36 + 12 + 16, datagram.Length);
        Assert.Equal("44535901" + $"{Keys.Identity:X8}" + "00000000000000010000000000000002" + "07000000" + "0000000000000009", Convert.ToHexString(datagram.AsSpan(0, 36)));
        Assert.DoesNotContain("twelve", System.Text.Encoding.Latin1.GetString(datagram), StringComparison.Ordinal);
        Assert.Equal("twelve bytes"u8.ToArray(), Opened(datagram, Keys, Boot));
    }

    [Fact]
    public void A_changed_bit_anywhere_makes_it_nobodys()
    {
        var genuine = Sealed("twelve bytes"u8, new(Boot, 7, 9));
        for (var bit = 0; bit < genuine.Length * 8; bit++)
        {
            var changed = genuine.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(Datagram.ReadHeader(changed, Keys.Identity, out _) != DatagramFault.None || Opened(changed, Keys, Boot) is null, $"bit {bit}");
        }
    }

    [Fact]
    public void Another_cluster_another_secret_and_another_start_have_other_keys()
    {
        var datagram = Sealed("twelve bytes"u8, new(Boot, 7, 9));
        var otherCluster = new SynchronisationKeys("sixteen bytes at least"u8, "two");
        var otherSecret = new SynchronisationKeys("sixteen bytes at most"u8, "one");
        Assert.Equal(DatagramFault.OtherKey, Datagram.ReadHeader(datagram, otherCluster.Identity, out _));
        Assert.Equal(DatagramFault.OtherKey, Datagram.ReadHeader(datagram, otherSecret.Identity, out _));
        Assert.Null(Opened(datagram, otherCluster, Boot));
        Assert.Null(Opened(datagram, otherSecret, Boot));
        Assert.Null(Opened(datagram, Keys, Boot + 1));
    }

    [Theory]
    [InlineData("", DatagramFault.Truncated)]
    [InlineData("445359", DatagramFault.Truncated)]
    [InlineData("44535901", DatagramFault.Truncated)]
    [InlineData("44535902", DatagramFault.OtherVersion)]
    [InlineData("474554202F", DatagramFault.Foreign)]
    public void What_is_not_a_datagram_of_ours_is_named(string hex, object fault) =>
        Assert.Equal((DatagramFault)fault, Datagram.ReadHeader(Convert.FromHexString(hex), Keys.Identity, out _));

    [Fact]
    public void A_datagram_without_room_for_its_tag_is_truncated()
    {
        var datagram = Sealed("twelve bytes"u8, new(Boot, 7, 9));
        Assert.Equal(DatagramFault.Truncated, Datagram.ReadHeader(datagram.AsSpan(0, 36 + 15), Keys.Identity, out _));
        Assert.Equal(DatagramFault.Truncated, Datagram.ReadHeader([.. datagram, .. new byte[1400]], Keys.Identity, out _));
    }

    private static byte[] Sealed(ReadOnlySpan<byte> payload, DatagramHeader header)
    {
        using var key = Keys.ForDatagrams(header.Boot);
        var bytes = new byte[Datagram.MaximumLength];
        payload.CopyTo(bytes.AsSpan(Datagram.HeaderLength));
        return bytes[..Datagram.Seal(bytes, payload.Length, header, Keys.Identity, key)];
    }

    private static byte[]? Opened(byte[] datagram, SynchronisationKeys keys, UInt128 boot)
    {
        using var key = keys.ForDatagrams(boot);
        var payload = new byte[Datagram.MaximumPayload];
        return Datagram.TryOpen(datagram, payload, key, out var length) ? payload[..length] : null;
    }
}
