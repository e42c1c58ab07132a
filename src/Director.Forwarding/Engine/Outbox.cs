using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Director.Forwarding.Synchronisation;

namespace Director.Forwarding.Engine;

/// <summary>Frames on their way out, collected for each link and sent together. Frames that the engine makes itself get room here; they live until the next <see cref="Flush"/>.</summary>
internal sealed unsafe class Outbox : IDisposable
{
    private const int FramesPerLink = 128;
    private const int RoomBytes = 512 * 1024;

    private readonly LinkSet _links;
    private readonly PacketCounters _counters;
    private readonly ConnectionSender? _sender;
    private readonly Frame* _frames;
    private readonly int[] _counts;
    private readonly byte* _room = (byte*)NativeMemory.AlignedAlloc(RoomBytes, 64);
    private int _roomUsed;

    /// <param name="links">The worker's links; frames name them by index.</param>
    /// <param name="counters">The worker's counters.</param>
    /// <param name="sender">Tells the other directors what frames bring about, before they leave; null when there are none.</param>
    public Outbox(LinkSet links, PacketCounters counters, ConnectionSender? sender = null)
    {
        _sender = sender;
        _links = links;
        _counters = counters;
        _frames = (Frame*)NativeMemory.AlignedAlloc((nuint)(links.Count * FramesPerLink * sizeof(Frame)), 64);
        _counts = new int[links.Count];
    }

    /// <summary>Room for a frame of up to <paramref name="length"/> bytes, with headroom before it. May send what is waiting to make room, so that received frames already given to <see cref="Add"/> are gone.</summary>
    public byte* Rent(int length)
    {
        var bytes = (Frame.Headroom + length + 63) & ~63;
        if (_roomUsed + bytes > RoomBytes)
            Flush();
        var data = _room + _roomUsed + Frame.Headroom;
        _roomUsed += bytes;
        return data;
    }

    /// <summary>Adds a frame to those that leave by <see cref="Frame.Link"/>. Its bytes must stay until the next <see cref="Flush"/>.</summary>
    public void Add(in Frame frame) => Next(frame.Link) = frame;

    /// <summary>Adds a frame to those that leave by a link, for the caller to write.</summary>
    public ref Frame Next(int link)
    {
        ref var count = ref _counts[link];
        if (count == FramesPerLink)
            Send(link);
        return ref _frames[(link * FramesPerLink) + count++];
    }

    /// <summary>Sends all.</summary>
    public void Flush()
    {
        _sender?.Flush();
        for (var link = 0; link < _counts.Length; link++)
        {
            if (_counts[link] > 0)
                Send(link);
        }

        _roomUsed = 0;
    }

    private void Send(int link)
    {
        _sender?.Flush();
        var count = _counts[link];
        _counts[link] = 0;
        var sent = _links.Send(link, new ReadOnlySpan<Frame>(_frames + (link * FramesPerLink), count));
        _counters.Add(PacketCounter.Sent, sent);
        _counters.Add(PacketCounter.SendFailed, count - sent);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_frames);
        NativeMemory.AlignedFree(_room);
    }
}
