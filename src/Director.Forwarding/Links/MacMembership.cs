using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary>
/// Has NICs take frames to a MAC address that is not their own (packet(7), PACKET_ADD_MEMBERSHIP), for as long as this lives. The kernel's own stack still takes them for another host's. Not thread-safe.
/// </summary>
internal sealed unsafe class MacMembership : IDisposable
{
    private const int AddMembershipOption = 1;
    private const ushort MulticastType = 0, UnicastType = 3;
    private const int MacLength = 6;

    private readonly Dictionary<(ulong Mac, int InterfaceIndex), int> _sockets = [];

    /// <summary>Takes these, and no others any longer.</summary>
    /// <param name="wanted">MAC addresses as <see cref="ILink.Mac"/> has them, with the interfaces that take them.</param>
    /// <exception cref="LinkException">An interface does not take one; the others are in force.</exception>
    public void Set(IReadOnlySet<(ulong Mac, int InterfaceIndex)> wanted)
    {
        foreach (var gone in _sockets.Keys.Where(key => !wanted.Contains(key)).ToArray())
        {
            _ = Libc.close(_sockets[gone]);
            _sockets.Remove(gone);
        }

        string? problem = null;
        foreach (var added in wanted.Where(key => !_sockets.ContainsKey(key)))
        {
            if (TryOpen(added.Mac, added.InterfaceIndex, out var descriptor))
                _sockets.Add(added, descriptor);
            else
                problem ??= $"interface {added.InterfaceIndex} does not take frames to the shared MAC: {Libc.ErrorText}";
        }

        if (problem is not null)
            throw new LinkException(problem);
    }

    private static bool TryOpen(ulong mac, int interfaceIndex, out int descriptor)
    {
        // Protocol 0: the socket receives nothing. Closing it leaves.
        descriptor = Libc.socket(Libc.PacketFamily, Libc.RawSocket | Libc.CloseOnExec, 0);
        if (descriptor < 0)
            return false;
        var request = new MembershipRequest { InterfaceIndex = interfaceIndex, Type = (mac & 1) != 0 ? MulticastType : UnicastType, Length = MacLength, Address = mac };
        if (Libc.setsockopt(descriptor, Libc.PacketLevel, AddMembershipOption, &request, sizeof(MembershipRequest)) == 0)
            return true;
        _ = Libc.close(descriptor);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in _sockets.Values)
            _ = Libc.close(descriptor);
        _sockets.Clear();
    }

    /// <summary><c>struct packet_mreq</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct MembershipRequest
    {
        public int InterfaceIndex;
        public ushort Type;
        public ushort Length;
        public ulong Address;
    }
}
