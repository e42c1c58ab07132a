using System.ComponentModel;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Kernel;

/// <summary>Notices that somebody deleted an nftables table: reloading a host's firewall often begins with <c>flush ruleset</c>, which takes ours along.</summary>
internal sealed class RulesetWatch : IDisposable
{
    private const int NetfilterProtocol = 12; // NETLINK_NETFILTER
    private const uint NftablesGroup = 1 << 6; // NFNLGRP_NFTABLES
    private const ushort DeleteTable = 10 << 8 | 2; // NFNL_SUBSYS_NFTABLES, NFT_MSG_DELTABLE
    private const int BufferBytes = 1 << 20;

    private readonly NetlinkSocket _events;
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Begins, in the network namespace of the calling thread.</summary>
    /// <exception cref="KernelGuardException">The kernel refuses.</exception>
    public RulesetWatch()
    {
        try
        {
            _events = new NetlinkSocket(NetfilterProtocol, NftablesGroup, BufferBytes);
        }
        catch (Win32Exception e)
        {
            throw new KernelGuardException($"Changes of the nftables ruleset cannot be watched. {e.Message}");
        }
    }

    /// <summary>Whether a table was deleted since the last call, or may have been. Costs one system call when nothing happened.</summary>
    public bool HasDeletion()
    {
        var hasDeletion = false;
        while (true)
        {
            try
            {
                if (!_events.TryReceive(_buffer, out var length))
                    hasDeletion = true;
                else if (length == 0)
                    return hasDeletion;
                ReadOnlySpan<byte> rest = _buffer.AsSpan(0, length);
                while (NetlinkMessage.TryTake(ref rest, out var message))
                    hasDeletion |= message.Type == DeleteTable;
            }
            catch (Win32Exception)
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();
}
