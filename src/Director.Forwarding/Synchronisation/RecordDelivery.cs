using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// Brings records to where they belong: templates into their table, connections to the worker that their packets come to. Waits where a worker cannot keep up: then datagrams wait in the kernel's
/// buffer, and what it loses is repaired where directors tell it. Any thread may call it.
/// </summary>
internal sealed class RecordDelivery(int workers, PersistenceTemplates templates, Func<ServiceLookup> lookup, Func<uint> now) : IDisposable
{
    private readonly RecordRing[] _rings = [.. Enumerable.Range(0, workers).Select(_ => new RecordRing())];
    private Action<int> _wake = _ => { };
    private volatile bool _isStopping;
    private long _unplacedTemplates;

    /// <summary>What each worker receives.</summary>
    public IReadOnlyList<RecordRing> Rings => _rings;

    /// <summary>Templates for which there was no service, no real server, or no room.</summary>
    public long UnplacedTemplates => Volatile.Read(ref _unplacedTemplates);

    /// <summary>Hundredths of a second since the engine's start.</summary>
    public uint Now => now();

    /// <summary>Says how a worker is woken that was given something.</summary>
    public void Start(Action<int> wake) => _wake = wake;

    /// <summary>Nobody waits for workers any more.</summary>
    public void Stop() => _isStopping = true;

    /// <summary>Delivers the records of a datagram or frame.</summary>
    /// <param name="records">The records, one behind another.</param>
    /// <param name="began">When the snapshot began that they are of; null when they are of none.</param>
    /// <param name="isWhole">False when something in them was no record: what was before it is delivered.</param>
    /// <returns>How many there were.</returns>
    public int Deliver(ReadOnlySpan<byte> records, uint? began, out bool isWhole)
    {
        var touched = 0UL;
        var count = 0;
        isWhole = true;
        while (!records.IsEmpty)
        {
            if (!RecordCodec.TryRead(records, out var record, out var length))
            {
                isWhole = false;
                break;
            }

            records = records[length..];
            count++;
            if (record.Kind == RecordKind.Template)
                Template(record, began);
            else
                touched |= 1UL << Give(new ReceivedRecord { Record = record, Source = began is null ? RecordSource.Director : RecordSource.Snapshot, Heard = began ?? now() });
        }

        Wake(touched);
        return count;
    }

    /// <summary>Delivers a template that a kernel told of.</summary>
    /// <returns>False when there is no service, no real server, or no room.</returns>
    public bool DeliverTemplateOfKernel(in ConnectionRecord record) =>
        lookup().FindServiceOfKernel(record)?.FindOfKernel(record) is { } destination && templates.ReceiveOfKernel(record, destination, now());

    private void Template(in ConnectionRecord record, uint? began)
    {
        if (lookup().FindService(record)?.FindOf(record) is not { } destination || !templates.Receive(record, destination, now(), began))
            Interlocked.Increment(ref _unplacedTemplates);
    }

    /// <summary>Gives a connection to its worker, which is to be woken by <see cref="Wake"/>.</summary>
    /// <returns>The worker's number.</returns>
    public int Give(in ReceivedRecord received)
    {
        var worker = Steering.WorkerOf(received.Record.Client, received.Record.ClientPort, _rings.Length);
        while (!_rings[worker].TryWrite(received) && !_isStopping)
        {
            _wake(worker);
            Thread.Sleep(1);
        }

        return worker;
    }

    /// <summary>Wakes workers.</summary>
    /// <param name="touched">Those whose bit is set.</param>
    public void Wake(ulong touched)
    {
        for (var worker = 0; touched != 0; worker++, touched >>= 1)
        {
            if ((touched & 1) != 0)
                _wake(worker);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var ring in _rings)
            ring.Dispose();
    }
}
