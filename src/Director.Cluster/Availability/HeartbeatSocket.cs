using System.Net;

namespace Director.Cluster.Availability;

/// <summary>One open way for heartbeats. Nothing blocks: what cannot be sent now is lost, as on any network.</summary>
internal abstract unsafe class HeartbeatSocket : IDisposable
{
    private const int DontWait = 0x40;

    /// <param name="descriptor">The socket, owned.</param>
    protected HeartbeatSocket(int descriptor) => Descriptor = descriptor;

    /// <summary>For poll(2).</summary>
    public int Descriptor { get; }

    /// <summary>Datagrams that the kernel took.</summary>
    public long Sent { get; private set; }

    /// <summary>Datagrams that it did not take.</summary>
    public long NotSent { get; private set; }

    /// <summary>Whether it still leads where it did when it was opened: its interface may have gone, and come back as another one.</summary>
    public abstract bool IsCurrent { get; }

    /// <summary>Sends to everybody on this way.</summary>
    public abstract void Send(ReadOnlySpan<byte> datagram);

    /// <summary>Takes one datagram.</summary>
    /// <param name="buffer">Room for it.</param>
    /// <param name="length">Its length.</param>
    /// <param name="from">Its sender's address; null on Ethernet.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryReceive(Span<byte> buffer, out int length, out IPAddress? from)
    {
        const int LongestAddress = 128;
        var address = stackalloc byte[LongestAddress];
        var addressLength = LongestAddress;
        fixed (byte* bytes = buffer)
        {
            // An error is a message too: an unreachable peer's, by ICMP. It is taken by asking, and the next call goes on.
            length = (int)SystemCalls.recvfrom(Descriptor, bytes, (nuint)buffer.Length, DontWait, address, &addressLength);
        }

        from = length >= 0 ? Source(new ReadOnlySpan<byte>(address, LongestAddress)) : null;
        return length >= 0;
    }

    /// <summary>The address in a <c>struct sockaddr</c>.</summary>
    protected abstract IPAddress? Source(ReadOnlySpan<byte> address);

    /// <summary>Sends to one address.</summary>
    protected void SendTo(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address)
    {
        fixed (byte* bytes = datagram, to = address)
        {
            if (SystemCalls.sendto(Descriptor, bytes, (nuint)datagram.Length, DontWait, to, address.Length) >= 0)
                Sent++;
            else
                NotSent++;
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose() => _ = SystemCalls.close(Descriptor);
}
