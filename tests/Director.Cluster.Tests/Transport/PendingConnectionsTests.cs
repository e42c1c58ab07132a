using System.Net;
using Director.Cluster.Transport;
using Xunit;

namespace Director.Cluster.Tests.Transport;

public sealed class PendingConnectionsTests
{
    private readonly PendingConnections _pending = new(most: 3, mostOfOne: 2);

    [Fact]
    public void From_one_address_the_oldest_goes_first_and_others_are_left_alone()
    {
        Connection other = new(), first = new(), second = new(), third = new();
        Assert.False(_pending.Add(Address(9), other));
        Assert.False(_pending.Add(Address(1), first));
        Assert.False(_pending.Add(Address(1), second));
        Assert.True(_pending.Add(Address(1), third));
        Assert.Equal((false, true, false, false), (other.IsDisposed, first.IsDisposed, second.IsDisposed, third.IsDisposed));
        Assert.Equal(3, _pending.Count);
    }

    [Fact]
    public void In_all_the_oldest_goes_first()
    {
        var connections = Enumerable.Range(1, 4).Select(_ => new Connection()).ToArray();
        Assert.Equal([false, false, false, true], connections.Select((connection, number) => _pending.Add(Address(number), connection)));
        Assert.Equal([true, false, false, false], connections.Select(connection => connection.IsDisposed));
    }

    [Fact]
    public void One_that_is_done_makes_room_and_is_not_cut_off()
    {
        Connection done = new();
        _pending.Add(Address(1), done);
        _pending.Remove(done);
        _pending.Remove(done);
        Assert.All(Enumerable.Range(1, 3), number => Assert.False(_pending.Add(Address(number), new Connection())));
        Assert.False(done.IsDisposed);
    }

    private static IPAddress Address(int number) => new([10, 0, 0, (byte)number]);

    private sealed class Connection : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
