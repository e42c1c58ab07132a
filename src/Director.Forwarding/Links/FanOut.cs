namespace Director.Forwarding.Links;

/// <summary>
/// The PACKET_FANOUT group of one interface (packet(7)): a socket a worker, and a program that chooses among them by the order in which they joined. So they join in worker order, and when one
/// has to leave, the group is over: all join another, in worker order again.
/// </summary>
/// <param name="program">Chooses the worker.</param>
internal sealed class FanOut(SteeringProgram program)
{
    private const int FanOutOption = 18, FanOutDataOption = 22;
    private const int ByBpfProgram = 7, UniqueId = 0x2000, IgnoreOutgoing = 0x4000;

    private readonly Lock _gate = new();
    private int _generation;
    private int _joined;
    private int _id;

    /// <summary>Which group it is; changes when a member had to leave.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Whether every worker has joined: only from then on does each frame come to its worker and to no other.</summary>
    public bool IsComplete => Volatile.Read(ref _joined) == program.Workers;

    /// <summary>Whether it is the worker's turn to join.</summary>
    public bool MayJoin(int worker) => Volatile.Read(ref _joined) == worker;

    /// <summary>Joins.</summary>
    /// <param name="worker">The worker, whose turn it is.</param>
    /// <param name="descriptor">Its AF_PACKET socket, bound to the interface.</param>
    /// <returns>The group's generation.</returns>
    /// <exception cref="LinkException">It is another worker's turn, or the kernel refuses.</exception>
    public unsafe int Join(int worker, int descriptor)
    {
        lock (_gate)
        {
            if (_joined != worker)
            {
                throw new LinkException($"worker {worker} joins the fan-out out of turn: the next is worker {_joined}");
            }

            // The first takes whatever number is free, the others that one.
            var kind = ByBpfProgram | IgnoreOutgoing | (worker == 0 ? UniqueId : 0);
            var number = worker == 0 ? 0 : _id;
            var programDescriptor = program.Descriptor;
            var length = sizeof(int);
            var id = 0;
            if (!Libc.TrySetOption(descriptor, Libc.PacketLevel, FanOutOption, number | (kind << 16))
                || Libc.getsockopt(descriptor, Libc.PacketLevel, FanOutOption, &id, &length) != 0
                || (worker == 0 && Libc.setsockopt(descriptor, Libc.PacketLevel, FanOutDataOption, &programDescriptor, sizeof(int)) != 0))
            {
                throw new LinkException($"the kernel refuses to share an interface among workers (PACKET_FANOUT): {Libc.ErrorText}");
            }

            _id = id & 0xffff;
            Volatile.Write(ref _joined, worker + 1);
            return _generation;
        }
    }

    /// <summary>A member of a generation leaves, so the group is over; nothing happens when that generation is over already.</summary>
    public void Dissolve(int generation)
    {
        lock (_gate)
        {
            if (_generation == generation)
            {
                Volatile.Write(ref _generation, generation + 1);
                Volatile.Write(ref _joined, 0);
            }
        }
    }
}
