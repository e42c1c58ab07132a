namespace Director.Forwarding.Links;

/// <summary>What a link has done since it was made. Written by its worker alone; any thread may read.</summary>
internal sealed class LinkCounters
{
    /// <summary>Frames given to the worker.</summary>
    public long Received;

    /// <summary>Frames that are not ours to look at: VLAN-tagged (the VLAN device has them too), without a whole header, longer than <see cref="Frame.MaximumLength"/>.</summary>
    public long Ignored;

    /// <summary>Frames taken while not every worker had joined the fan-out; they may be another worker's, or given to several.</summary>
    public long DiscardedBeforeFanOut;

    /// <summary>Frames that the kernel took.</summary>
    public long Sent;

    /// <summary>Frames refused with EMSGSIZE: longer than the interface's MTU.</summary>
    public long TooLong;

    /// <summary>Frames refused with ENOBUFS: the NIC's queue was full, or the NIC cannot cut a superframe.</summary>
    public long NoBuffers;

    /// <summary>Frames refused because the interface was down or gone.</summary>
    public long InterfaceDown;

    /// <summary>Frames left out because the socket's buffer stayed full.</summary>
    public long SendBufferFull;

    /// <summary>Frames refused for any other reason.</summary>
    public long RefusedOtherwise;

    /// <summary>The last errno of <see cref="RefusedOtherwise"/>.</summary>
    public int LastError;

    /// <summary>Times that the interface was opened again after it had gone.</summary>
    public long Reopened;
}
