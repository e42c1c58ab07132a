using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Director.Forwarding.Tests.Synchronisation;
using Xunit;

namespace Director.Forwarding.Tests.Partitioning;

/// <summary>Directors that share a group's clients under one MAC address: each gets every frame, and each tells the others its connections.</summary>
internal sealed class SharedSegment : IDisposable
{
    /// <summary>02-00-5E-00-00-AA, first byte lowest.</summary>
    public const ulong SharedMac = 0xAA00_005E_0002;
    public static readonly PhysicalAddress SharedAddress = PhysicalAddress.Parse("02-00-5E-00-00-AA");

    private readonly Scene[] _directors;
    private readonly RecordingPort[] _ports;

    public SharedSegment(int directors, bool isIPv6 = false, int connections = 4096)
    {
        _ports = [.. Enumerable.Range(0, directors).Select(_ => new RecordingPort())];
        _directors = [.. _ports.Select(port => new Scene(isIPv6, connections: connections, sender: registry => port.Sender(registry)))];
    }

    public Scene this[int director] => _directors[director];

    public ulong Count(PacketCounter counter) => _directors.Aggregate(0UL, (sum, director) => sum + director.Count(counter));

    public void Apply(ForwardingTable table)
    {
        foreach (var director in _directors)
            director.Apply(table);
    }

    /// <summary>Gives each block to a director by its number; -1 is nobody.</summary>
    public void Divide(Func<int, int> ownerOf, IPAddress[] addresses, BlockSense sense = BlockSense.Source, int gatewayOwner = 0, Func<int, int>? endingAt = null)
    {
        for (var number = 0; number < _directors.Length; number++)
            _directors[number].Hold(Group(addresses, Share(block => ownerOf(block) == number, sense) with { IsGatewayOwner = number == gatewayOwner, Ending = Blocks(block => endingAt?.Invoke(block) == number) }));
    }

    public static HeldGroup Group(IPAddress[] addresses, PartitionShare? share) => new("www", [.. addresses]) { Answers = true, Forwards = true, Share = share };

    public static PartitionShare Share(Func<int, bool> isMine, BlockSense sense = BlockSense.Source) => new(sense, SharedAddress, Blocks(isMine));

    private static ImmutableArray<bool> Blocks(Func<int, bool> isMine) => [.. Enumerable.Range(0, PartitionShare.BlockCount).Select(isMine)];

    /// <summary>A frame on one side, which the switch floods to all; what each sends for it.</summary>
    public List<(int Director, int Link, SentFrame Frame)> Flood(int link, PacketBuilder packet)
    {
        var bytes = packet.Build();
        List<(int, int, SentFrame)> sent = [];
        for (var number = 0; number < _directors.Length; number++)
            sent.AddRange(_directors[number].Path.Send(link, bytes).Select(each => (number, each.Link, each.Frame)));
        // No frame may ever come from the shared MAC: the switch would bring everything to one director from then on.
        Assert.DoesNotContain(sent, each => each.Item3.Bytes.Length > 12 && each.Item2 != Scene.Tun && BitConverter.ToUInt64([.. each.Item3.Bytes[6..12], 0, 0]) == SharedMac);
        Synchronise();
        return sent;
    }

    /// <summary>A frame that exactly one director sends on; who, and what.</summary>
    public (int Director, byte[] Bytes) FloodOnce(int link, PacketBuilder packet)
    {
        var sent = Flood(link, packet);
        Assert.True(sent.Count == 1, $"sent {sent.Count} times");
        return (sent[0].Director, sent[0].Frame.Bytes);
    }

    private void Synchronise()
    {
        for (var from = 0; from < _ports.Length; from++)
        {
            foreach (var record in _ports[from].TakeRecords())
            {
                for (var to = 0; to < _directors.Length; to++)
                {
                    if (to != from)
                        Assert.True(_directors[to].Path.Received.TryWrite(new ReceivedRecord { Record = record }));
                }
            }
        }

        foreach (var director in _directors)
            director.Path.Forwarder.TakeReceived(director.Path.Now);
    }

    public void Dispose()
    {
        foreach (var director in _directors)
            director.Dispose();
    }
}
