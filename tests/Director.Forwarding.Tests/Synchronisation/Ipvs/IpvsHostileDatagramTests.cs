using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation.Ipvs;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>Anything at all, as a datagram: nothing throws, nothing beyond its end is read, and what is taken is something that a kernel may say.</summary>
public sealed unsafe partial class IpvsHostileDatagramTests
{
    private static readonly byte[][] Genuine = [.. SyncCapture.Datagrams("sync"), .. SyncCapture.Datagrams("sync-v0"), WithOptions()];

    [Property(MaxTest = 2000)]
    public void Random_bytes(byte[] bytes) => Read(bytes);

    [Property(MaxTest = 2000)]
    public void Random_bytes_behind_a_right_header(byte[] bytes, byte count, bool isVersion1) => Read(Framed([isVersion1 ? (byte)0 : count, 51, 0, 0, .. isVersion1 ? (byte[])[count, 1, 0, 0] : [], .. bytes]));

    [Property(MaxTest = 5000)]
    public void Captured_bytes_changed_cut_and_lengthened(int seed)
    {
        var random = new Random(seed);
        var bytes = Genuine[random.Next(Genuine.Length)].ToArray();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
            bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };
        var length = random.Next(4) switch { 0 => random.Next(bytes.Length), 1 => bytes.Length + random.Next(64), _ => bytes.Length };
        Array.Resize(ref bytes, length);
        Read(random.Next(4) == 0 ? bytes : Framed(bytes));
    }

    [Fact]
    public void Captured_bytes_cut_off_anywhere_with_a_length_that_says_so()
    {
        foreach (var datagram in Genuine)
        {
            for (var length = 0; length < datagram.Length; length++)
                Read(Framed(datagram[..length]));
        }
    }

    [Fact]
    public void Whatever_comes_the_director_goes_on_and_counts()
    {
        using var backup = new KernelsPair();
        var random = new Random(5);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = Genuine[random.Next(Genuine.Length)].ToArray();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            backup.Take(bytes);
        }

        var servers = backup.Path.Services.Report().SelectMany(service => service.RealServers).ToArray();
        Assert.All(backup.Path.ListConnections(), found => Assert.StartsWith("10.1.0.1", found.RealServer.Address.ToString(), StringComparison.Ordinal));
        Assert.Equal(backup.Path.Connections.Count, servers.Sum(server => server.ActiveConnections + server.InactiveConnections));
        Assert.All(backup.Path.ListConnections(), found => Assert.InRange(found.RemainingMilliseconds, 1, 31L * 24 * 60 * 60 * 1000));
    }

    private static byte[] WithOptions()
    {
        var batch = new IpvsBatch(1, 51, 1472);
        batch.TryAdd(KernelsPair.Entry(flags: IpvsFlags.InSequence), new IpvsEntryOptions { PersistenceData = "someone"u8, PersistenceName = "sip"u8 }, 0);
        batch.TryAdd(KernelsPair.Entry(), default, 0);
        return batch.Finish().ToArray();
    }

    private static byte[] Framed(byte[] bytes)
    {
        if (bytes.Length >= 4)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        return bytes;
    }

    /// <summary>Reads from the very end of a page, behind which there is nothing.</summary>
    private static void Read(byte[] bytes)
    {
        using var page = new GuardedPage(bytes);
        if (IpvsDatagram.TryOpen(page.Bytes, out var datagram) != IpvsFault.None)
            return;
        var count = 0;
        while (datagram.TryNext(out var entry, out var fault))
        {
            count++;
            if (fault == IpvsFault.None && !entry.IsTemplate)
                Assert.True(entry.Protocol == Wire.Tcp ? entry.State < 11 : entry is { Protocol: Wire.Udp, State: 0 });
            Assert.True(fault != IpvsFault.None || (entry.Client.IsIPv6 == entry.Real.IsIPv6 && entry.Client.IsIPv6 == entry.Virtual.IsIPv6));
        }

        Assert.InRange(count, 0, 255);
    }

    private sealed partial class GuardedPage : IDisposable
    {
        private const int Size = 4096;
        private const int ReadWrite = 3, None = 0, PrivateAnonymous = 0x22;

        private readonly byte* _pages = (byte*)mmap(0, 2 * Size, ReadWrite, PrivateAnonymous, -1, 0);
        private readonly int _length;

        public GuardedPage(byte[] bytes)
        {
            Assert.Equal(0, mprotect(_pages + Size, Size, None));
            _length = Math.Min(bytes.Length, Size);
            bytes.AsSpan(0, _length).CopyTo(new Span<byte>(_pages + Size - _length, _length));
        }

        public ReadOnlySpan<byte> Bytes => new(_pages + Size - _length, _length);

        public void Dispose() => Assert.Equal(0, munmap(_pages, 2 * Size));

        [LibraryImport("libc")]
        private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

        [LibraryImport("libc")]
        private static partial int mprotect(void* address, nuint length, int protection);

        [LibraryImport("libc")]
        private static partial int munmap(void* address, nuint length);
    }
}
