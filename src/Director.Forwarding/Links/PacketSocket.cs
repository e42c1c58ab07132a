using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary>
/// Sends frames on an interface through AF_PACKET sockets (packet(7)), each behind a <see cref="VirtioNetHeader"/> so that the kernel finishes checksums and cuts superframes.
/// </summary>
internal sealed unsafe class PacketSocket : IDisposable
{
    /// <summary>Frames a system call.</summary>
    public const int BatchFrames = 64;

    private const int VirtioHeaderOption = 15, BypassOption = 20;
    private const int SendBufferOption = 7, ForceSendBufferOption = 32;

    // Sixty-four superframes and their bookkeeping: the kernel's default holds three.
    private const int SendBufferBytes = 8 << 20;
    private const int FullBufferWaitMilliseconds = 1;

    private readonly LinkCounters _counters;
    private readonly Libc.Message* _messages;
    private readonly Libc.Bytes* _parts;
    private readonly int _queued;
    private readonly int _direct;

    /// <param name="info">The interface to send on.</param>
    /// <param name="bypass">Whether frames that are not superframes skip the queueing discipline.</param>
    /// <param name="counters">Where sent and refused frames are counted.</param>
    /// <exception cref="LinkException">No privilege, or no such interface.</exception>
    public PacketSocket(InterfaceInfo info, bool bypass, LinkCounters counters)
    {
        _counters = counters;
        _queued = Open(info, bypass: false);
        try
        {
            // Superframes cannot bypass: a device that does not cut them itself refuses them with ENOBUFS.
            _direct = bypass ? Open(info, bypass: true) : _queued;
        }
        catch
        {
            _ = Libc.close(_queued);
            throw;
        }

        _messages = (Libc.Message*)NativeMemory.AllocZeroed(BatchFrames, (nuint)sizeof(Libc.Message));
        _parts = (Libc.Bytes*)NativeMemory.AllocZeroed(BatchFrames, (nuint)sizeof(Libc.Bytes));
        for (var i = 0; i < BatchFrames; i++)
        {
            _messages[i].Parts = _parts + i;
            _messages[i].PartCount = 1;
        }
    }

    /// <summary>As <see cref="ILink.Send"/>.</summary>
    public int Send(ReadOnlySpan<Frame> frames)
    {
        var sent = 0;
        while (!frames.IsEmpty)
        {
            var superframes = IsSuperframe(frames[0]);
            var run = 0;
            do
            {
                _parts[run].Base = VirtioNetHeader.PutBefore(frames[run]);
                _parts[run].Length = (nuint)(sizeof(VirtioNetHeader) + frames[run].Length);
                run++;
            }
            while (run < frames.Length && run < BatchFrames && (_direct == _queued || IsSuperframe(frames[run]) == superframes));

            sent += SendRun(superframes ? _queued : _direct, run);
            frames = frames[run..];
        }

        _counters.Sent += sent;
        return sent;
    }

    private static bool IsSuperframe(in Frame frame) => (frame.Flags & FrameFlags.Superframe) != 0;

    private int SendRun(int descriptor, int count)
    {
        var sent = 0;
        var hasWaited = false;
        for (var next = 0; next < count;)
        {
            var taken = Libc.sendmmsg(descriptor, _messages + next, (uint)(count - next), Libc.DontWait);
            if (taken > 0)
            {
                next += taken;
                sent += taken;
                continue;
            }

            // sendmmsg stops at the first message that the kernel refuses and tells why when asked again: it is now the first.
            switch (Libc.Error)
            {
                case Libc.Interrupted:
                    break;
                case Libc.WouldBlock when !hasWaited && WaitForRoom(descriptor):
                    hasWaited = true;
                    break;
                case Libc.WouldBlock:
                    _counters.SendBufferFull += count - next;
                    return sent;
                case Libc.NetworkDown or Libc.NoDevice or Libc.NoSuchDevice:
                    _counters.InterfaceDown += count - next;
                    return sent;
                case Libc.NoBuffers when descriptor != _queued && Libc.sendmmsg(_queued, _messages + next, 1, Libc.DontWait) == 1:
                    // The NIC's ring was full; the queueing discipline holds the frame until there is room.
                    sent++;
                    next++;
                    break;
                case Libc.NoBuffers:
                    _counters.NoBuffers++;
                    next++;
                    break;
                case Libc.MessageTooLong:
                    _counters.TooLong++;
                    next++;
                    break;
                case var error:
                    _counters.RefusedOtherwise++;
                    _counters.LastError = error;
                    next++;
                    break;
            }
        }

        return sent;
    }

    private static bool WaitForRoom(int descriptor)
    {
        var poll = new Libc.PollDescriptor { Descriptor = descriptor, Events = Libc.PollOut };
        return Libc.poll(&poll, 1, FullBufferWaitMilliseconds) > 0;
    }

    private static int Open(InterfaceInfo info, bool bypass)
    {
        // Protocol 0: the socket receives nothing.
        var descriptor = Libc.socket(Libc.PacketFamily, Libc.RawSocket | Libc.CloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new LinkException($"cannot open a packet socket for {info.Name}: {Libc.ErrorText}; run as root or with CAP_NET_RAW");
        }

        var address = new Libc.LinkAddress { Family = Libc.PacketFamily, InterfaceIndex = info.Index };
        if (Libc.TrySetOption(descriptor, Libc.PacketLevel, VirtioHeaderOption, 1)
            && (!bypass || Libc.TrySetOption(descriptor, Libc.PacketLevel, BypassOption, 1))
            && Libc.bind(descriptor, &address, sizeof(Libc.LinkAddress)) == 0)
        {
            // Beyond net.core.wmem_max only with CAP_NET_ADMIN; else as much as it allows.
            _ = Libc.TrySetOption(descriptor, Libc.SocketLevel, ForceSendBufferOption, SendBufferBytes)
                || Libc.TrySetOption(descriptor, Libc.SocketLevel, SendBufferOption, SendBufferBytes);
            return descriptor;
        }

        var problem = Libc.ErrorText;
        _ = Libc.close(descriptor);
        throw new LinkException($"cannot send on {info.Name}: {problem}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = Libc.close(_queued);
        if (_direct != _queued)
        {
            _ = Libc.close(_direct);
        }

        NativeMemory.Free(_messages);
        NativeMemory.Free(_parts);
    }
}
