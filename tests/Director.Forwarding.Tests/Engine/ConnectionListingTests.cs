using System.Collections.Immutable;
using System.Diagnostics;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

public sealed unsafe class ConnectionListingTests
{
    /// <summary>Each entry's ends are made from one number: a report whose ends disagree was read while it changed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Entries_that_change_while_they_are_listed_are_whole_or_left_out(bool isIPv6)
    {
        using var table = new ConnectionTable(isIPv6, 256, 1);
        var registry = new DestinationRegistry();
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            var random = new Random(1);
            var live = new Queue<uint>();
            while (!stop.IsCancellationRequested)
            {
                var key = (ushort)random.Next(1, ushort.MaxValue);
                var number = table.Insert(table.Hash(6, Address(key, isIPv6), key), new(6, Address(key, isIPv6), key, Address(key, isIPv6), key, Address(key, isIPv6), key));
                if (number != 0)
                {
                    table[number]->Destination = -1;
                    live.Enqueue(number);
                }

                if (number == 0 || live.Count > 200)
                    table.Remove(live.Dequeue());
            }
        });
        writer.Start();
        var listed = 0;
        var torn = new List<ConnectionReport>();
        var clock = Stopwatch.StartNew();
        while (listed < 50_000 && torn.Count == 0 && clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            var list = ImmutableArray.CreateBuilder<ConnectionReport>();
            ConnectionListing.Append(table, 0, registry, list);
            listed += list.Count;
            torn.AddRange(list.Where(report => report.Client.Port != report.Virtual.Port || report.Client.Port != report.RealServer.Port
                || !report.Client.Address.Equals(report.Virtual.Address) || !report.Client.Address.Equals(report.RealServer.Address)
                || !report.Client.Address.Equals(Address((ushort)report.Client.Port, isIPv6).ToIPAddress())));
        }

        stop.Cancel();
        writer.Join();
        Assert.Empty(torn);
        Assert.True(listed >= 50_000);
    }

    private static InetAddress Address(ushort key, bool isIPv6) => isIPv6 ? InetAddress.FromIPv6(key, key) : InetAddress.FromIPv4(key);
}
