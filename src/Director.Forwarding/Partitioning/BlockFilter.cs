using Director.Forwarding.Packets;

namespace Director.Forwarding.Partitioning;

/// <summary>A <see cref="PartitionShare"/> as packets are asked about: one look-up in an array. Immutable.</summary>
internal sealed class BlockFilter
{
    private readonly BlockRight[] _rights = new BlockRight[PartitionShare.BlockCount];
    private readonly BlockSense _sense;

    /// <param name="share">The share.</param>
    public BlockFilter(PartitionShare share)
    {
        _sense = share.Sense;
        for (var block = 0; block < _rights.Length; block++)
        {
            _rights[block] = block < share.Blocks.Length && share.Blocks[block] ? BlockRight.Whole
                : share.KeepsOwnConnections || (block < share.Ending.Length && share.Ending[block]) ? BlockRight.KnownConnections
                : BlockRight.None;
        }
    }

    /// <summary>What may be done with a packet of this client.</summary>
    public BlockRight RightOf(in InetAddress client, ushort port) => _rights[_sense switch
    {
        BlockSense.SourcePort => BlockHash.Of(port),
        BlockSense.SourceAddress => BlockHash.Of(client),
        _ => BlockHash.Of(client, port),
    }];

    /// <summary>What may be done with a packet that is judged by its client's address whatever the sense is: echo requests, ARP, neighbour discovery, persistent services.</summary>
    public BlockRight RightOf(in InetAddress client) => _rights[BlockHash.Of(client)];
}
