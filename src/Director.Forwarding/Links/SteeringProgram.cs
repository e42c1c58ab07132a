using System.Diagnostics.CodeAnalysis;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Links;

/// <summary>
/// <see cref="Steering"/> as a BPF program in the kernel, with the virtual addresses in two maps of prefixes. One serves the fan-outs of all interfaces.
/// </summary>
internal sealed class SteeringProgram : IDisposable
{
    /// <summary>Virtual prefixes that there is room for, of each family.</summary>
    public const int MaximumPrefixes = 65_536;

    private const int IPv4Bytes = 4, IPv6Bytes = 16;

    private readonly int _ipv4Map;
    private readonly int _ipv6Map;
    private HashSet<(InetAddress Address, int Length)> _prefixes = [];

    private SteeringProgram(int workers, int ipv4Map, int ipv6Map, int descriptor)
    {
        Workers = workers;
        _ipv4Map = ipv4Map;
        _ipv6Map = ipv6Map;
        Descriptor = descriptor;
    }

    /// <summary>Number of workers that it chooses from.</summary>
    public int Workers { get; }

    /// <summary>The loaded program.</summary>
    public int Descriptor { get; }

    /// <summary>Loads the program for a number of workers.</summary>
    /// <param name="workers">1 to 256, the most that a PACKET_FANOUT group holds.</param>
    /// <param name="program">The program, with no virtual addresses yet.</param>
    /// <param name="problem">What the kernel lacks or forbids, for the operator: one worker has to do.</param>
    /// <returns>Whether it is loaded.</returns>
    public static bool TryLoad(int workers, [NotNullWhen(true)] out SteeringProgram? program, out string problem)
    {
        program = null;
        problem = "";
        var ipv4Map = Bpf.CreatePrefixMap(IPv4Bytes, MaximumPrefixes);
        if (ipv4Map < 0)
        {
            problem = Libc.Error == Libc.NotPermitted
                ? "bpf(2) is not permitted: run as root, or with CAP_BPF and CAP_NET_ADMIN (in a container also a seccomp profile that allows bpf)"
                : $"bpf(2) makes no map of prefixes (BPF_MAP_TYPE_LPM_TRIE, Linux 4.11): {Libc.ErrorText}";
            return false;
        }

        var ipv6Map = Bpf.CreatePrefixMap(IPv6Bytes, MaximumPrefixes);
        var descriptor = Bpf.LoadSocketFilter(SteeringCode.Assemble(workers, ipv4Map, ipv6Map), out var refusal);
        if (descriptor < 0)
        {
            problem = $"bpf(2) does not load the program that steers packets to workers: {refusal}";
            _ = Libc.close(ipv4Map);
            _ = Libc.close(ipv6Map);
            return false;
        }

        program = new SteeringProgram(workers, ipv4Map, ipv6Map, descriptor);
        return true;
    }

    /// <summary>Puts a set of virtual prefixes in force: new ones before old ones go, so that what both sets have is steered all the time. Not thread-safe.</summary>
    /// <exception cref="LinkException">More than <see cref="MaximumPrefixes"/>.</exception>
    public void SetVirtualAddresses(IEnumerable<(InetAddress Address, int Length)> prefixes)
    {
        var wanted = prefixes.Select(prefix => (Address: prefix.Address.Mask(prefix.Length), prefix.Length)).ToHashSet();
        Span<byte> key = stackalloc byte[sizeof(uint) + IPv6Bytes];
        foreach (var prefix in wanted.Except(_prefixes))
        {
            if (!Bpf.TryUpdate(MapOf(prefix.Address), WriteKey(key, prefix), value: 1))
            {
                throw new LinkException($"cannot steer packets for {prefix.Address}/{prefix.Length} to the workers: {Libc.ErrorText}");
            }
        }

        foreach (var prefix in _prefixes.Except(wanted))
        {
            _ = Bpf.TryDelete(MapOf(prefix.Address), WriteKey(key, prefix));
        }

        _prefixes = wanted;
    }

    private int MapOf(InetAddress address) => address.IsIPv6 ? _ipv6Map : _ipv4Map;

    private static unsafe ReadOnlySpan<byte> WriteKey(Span<byte> key, (InetAddress Address, int Length) prefix)
    {
        BitConverter.TryWriteBytes(key, (uint)prefix.Length);
        fixed (byte* address = key[sizeof(uint)..])
        {
            prefix.Address.Write(address);
        }

        return key[..(sizeof(uint) + (prefix.Address.IsIPv6 ? IPv6Bytes : IPv4Bytes))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Libc.close(Descriptor);
        _ = Libc.close(_ipv4Map);
        _ = Libc.close(_ipv6Map);
    }
}
