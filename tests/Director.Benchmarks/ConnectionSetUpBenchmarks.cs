using BenchmarkDotNet.Attributes;
using Director.Forwarding;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Benchmarks;

/// <summary>Setting connections up without I/O: SYN in, real server chosen, entry made, SYN out. An operation is one connection, into an empty table of a million.</summary>
[MemoryDiagnoser]
[InvocationCount(1)]
public class ConnectionSetUpBenchmarks
{
    private const int Connections = 500_000;

    private readonly FrameBatch _batch = new();
    private readonly byte[][] _frames = [.. Enumerable.Range(0, Connections).Select(client => BenchedForwarder.FrameOf(client, Wire.Syn))];
    private BenchedForwarder _forwarder = null!;

    /// <summary>An empty table.</summary>
    [IterationSetup]
    public void Open() => _forwarder = new BenchedForwarder(ForwardingMethod.Nat);

    /// <summary>Half a million connections.</summary>
    [Benchmark(OperationsPerInvoke = Connections)]
    public void SetUp()
    {
        for (var opened = 0; opened < Connections;)
        {
            _batch.Clear();
            for (; opened < Connections && _batch.HasRoom; opened++)
                _batch.Append(_frames[opened], 0);
            _forwarder.Forwarder.Process(_batch, 1000);
        }
    }

    /// <summary>Frees the table.</summary>
    [IterationCleanup]
    public void Close() => _forwarder.Dispose();
}
