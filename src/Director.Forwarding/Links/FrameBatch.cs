using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary>Up to <see cref="MaximumFrames"/> frames packed one behind another into one native buffer, each behind <see cref="Frame.Headroom"/> bytes.</summary>
internal sealed unsafe class FrameBatch : IDisposable
{
    /// <summary>Frames a batch holds.</summary>
    public const int MaximumFrames = 64;

    // Room for 63 full-size Ethernet frames and one superframe, or about eight superframes.
    private const int BufferBytes = 512 * 1024;
    private const int Alignment = 64;

    private readonly byte* _buffer = (byte*)NativeMemory.AlignedAlloc(BufferBytes, Alignment);
    private readonly Frame* _frames = (Frame*)NativeMemory.AlignedAlloc((nuint)(MaximumFrames * sizeof(Frame)), Alignment);
    private int _used;

    /// <summary>Frames in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Whether one more frame of any length fits.</summary>
    public bool HasRoom => Count < MaximumFrames && _used + Frame.Headroom + Frame.MaximumLength <= BufferBytes;

    /// <summary>The frame at <paramref name="index"/>.</summary>
    public ref Frame this[int index] => ref _frames[index];

    /// <summary>All frames, in order.</summary>
    public ReadOnlySpan<Frame> Frames => new(_frames, Count);

    /// <summary>Where the next frame will lie: at least <see cref="Frame.MaximumLength"/> bytes while <see cref="HasRoom"/>, with the headroom before them.</summary>
    public byte* Next => _buffer + _used + Frame.Headroom;

    /// <summary>Forgets all frames.</summary>
    public void Clear()
    {
        Count = 0;
        _used = 0;
    }

    /// <summary>Forgets the last frame.</summary>
    public void RemoveLast() => _used = (int)(_frames[--Count].Data - _buffer) - Frame.Headroom;

    /// <summary>Appends a frame of <paramref name="length"/> bytes that lie at <see cref="Next"/> or that the caller fills. <see cref="HasRoom"/> must hold and the length be at most <see cref="Frame.MaximumLength"/>.</summary>
    public ref Frame Append(int length, int link)
    {
        ref var frame = ref _frames[Count++];
        frame = new Frame { Data = Next, Length = length, Link = (ushort)link };
        _used += (Frame.Headroom + length + Alignment - 1) & ~(Alignment - 1);
        return ref frame;
    }

    /// <summary>Appends a copy of <paramref name="bytes"/>.</summary>
    public ref Frame Append(ReadOnlySpan<byte> bytes, int link)
    {
        ref var frame = ref Append(bytes.Length, link);
        bytes.CopyTo(new Span<byte>(frame.Data, bytes.Length));
        return ref frame;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_buffer);
        NativeMemory.AlignedFree(_frames);
    }
}
