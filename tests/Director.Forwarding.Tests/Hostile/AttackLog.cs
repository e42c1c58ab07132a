using System.IO.MemoryMappedFiles;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>
/// The steps of an attack in a file mapped into memory, each written before it is done: who reads the file after a crash finds the step that brought it about last.
/// Behind three numbers (bytes used, connections of a worker, steps done since the start) stands one step behind another.
/// </summary>
internal sealed unsafe class AttackLog : IDisposable
{
    private const int HeaderLength = 24;
    private const int Bytes = 32 << 20;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    public AttackLog(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, Bytes);
        _view = _file.CreateViewAccessor();
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start;
    }

    /// <summary>Steps done since the file was made.</summary>
    public long Done => Volatile.Read(ref *(long*)(_start + 16));

    /// <summary>Whether a step of any length can be written.</summary>
    public bool HasRoom => *(long*)_start + HeaderLength + 70_000 < Bytes;

    /// <summary>A new attack, on workers with so much room.</summary>
    public void Begin(int connections)
    {
        *(long*)(_start + 8) = connections;
        *(long*)_start = 0;
    }

    public void Write(AttackStep step)
    {
        var used = *(long*)_start;
        step.Store(new Span<byte>(_start + HeaderLength + used, step.StoredLength));
        *(long*)_start = used + step.StoredLength;
        Volatile.Write(ref *(long*)(_start + 16), Done + 1);
    }

    /// <summary>The attack that a file holds.</summary>
    public static (int Connections, List<AttackStep> Steps) Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var header = new byte[HeaderLength];
        stream.ReadExactly(header);
        var bytes = new byte[BitConverter.ToInt64(header)];
        stream.ReadExactly(bytes);
        var steps = new List<AttackStep>();
        for (var at = 0; at < bytes.Length; at += steps[^1].StoredLength)
            steps.Add(AttackStep.Read(bytes.AsSpan(at)));
        return ((int)BitConverter.ToInt64(header, 8), steps);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
