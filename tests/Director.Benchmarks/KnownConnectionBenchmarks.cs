using BenchmarkDotNet.Attributes;
using Director.Forwarding;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Benchmarks;

/// <summary>
/// The packet path without I/O: parse, look-up and rewrite in batches of 64. An operation is one packet, and each belongs to another connection than the one before. What copying the
/// frames into the batch costs is the baseline, to be taken off.
/// </summary>
[MemoryDiagnoser]
public class KnownConnectionBenchmarks
{
    private const int BatchSize = 64;
    private const int Batches = 1024;

    private readonly FrameBatch _batch = new();
    private BenchedForwarder _forwarder = null!;
    private byte[][] _frames = [];
    private int _next;

    /// <summary>Connections in the table.</summary>
    [Params(1_000, 1_000_000)]
    public int Connections { get; set; }

    /// <summary>How packets reach their real server.</summary>
    [Params(ForwardingMethod.Nat, ForwardingMethod.Direct, ForwardingMethod.Tunnel)]
    public ForwardingMethod Method { get; set; }

    /// <summary>Opens the connections.</summary>
    [GlobalSetup]
    public void OpenConnections()
    {
        _forwarder = new BenchedForwarder(Method);
        for (var opened = 0; opened < Connections;)
        {
            _batch.Clear();
            for (; opened < Connections && _batch.HasRoom; opened++)
                _batch.Append(BenchedForwarder.FrameOf(opened, Wire.Syn), 0);
            _forwarder.Forwarder.Process(_batch, 1000);
        }

        // Far apart in the table, so that no packet finds its connection in a cache because its neighbour was there.
        var random = new Random(1);
        _frames = [.. Enumerable.Range(0, Math.Min(Connections, 1 << 18)).Select(_ => BenchedForwarder.FrameOf(random.Next(Connections), Wire.Ack))];
    }

    /// <summary>Packets from clients of known connections.</summary>
    [Benchmark(OperationsPerInvoke = BatchSize * Batches)]
    public void Forward()
    {
        for (var batch = 0; batch < Batches; batch++)
        {
            Fill();
            _forwarder.Forwarder.Process(_batch, 1000);
        }
    }

    /// <summary>Only the copying.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = BatchSize * Batches)]
    public void FillBatch()
    {
        for (var batch = 0; batch < Batches; batch++)
            Fill();
    }

    private void Fill()
    {
        _batch.Clear();
        for (var i = 0; i < BatchSize; i++)
        {
            _batch.Append(_frames[_next], 0);
            _next = _next + 1 == _frames.Length ? 0 : _next + 1;
        }
    }

    /// <summary>Frees the table.</summary>
    [GlobalCleanup]
    public void Close() => _forwarder.Dispose();
}
