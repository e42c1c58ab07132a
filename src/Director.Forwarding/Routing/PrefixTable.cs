using System.Buffers.Binary;
using System.Numerics;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>
/// Values by address prefix, found by longest match: an immutable path-compressed binary trie. A change copies the nodes on the way to it and shares the rest, so that readers keep what they
/// have and half a million prefixes cost a change no more than one does. One table holds prefixes of one family.
/// </summary>
internal sealed class PrefixTable<T>
    where T : class
{
    private readonly Node? _root;

    private PrefixTable(Node? root) => _root = root;

    /// <summary>No prefix.</summary>
    public static PrefixTable<T> Empty { get; } = new(null);

    /// <summary>The value of the longest prefix that holds <paramref name="address"/>, or null. Allocates nothing.</summary>
    public T? Find(in InetAddress address)
    {
        var key = new Key(address);
        T? best = null;
        for (var node = _root; node is not null && node.Prefix.CommonBits(key) >= node.Length; node = key.Bit(node.Length) ? node.One : node.Zero)
        {
            best = node.Value ?? best;
            if (node.Length == address.BitLength())
                break;
        }
        return best;
    }

    /// <summary>The value of exactly this prefix, or null.</summary>
    public T? Get(in InetAddress prefix, int length)
    {
        var key = new Key(prefix.Mask(length));
        var node = _root;
        while (node is not null && node.Length < length && node.Prefix.CommonBits(key) >= node.Length)
            node = key.Bit(node.Length) ? node.One : node.Zero;
        return node is not null && node.Length == length && node.Prefix == key ? node.Value : null;
    }

    /// <summary>The table with a prefix's value set, or with the prefix removed when <paramref name="value"/> is null. Bits behind the prefix are ignored.</summary>
    public PrefixTable<T> With(in InetAddress prefix, int length, T? value)
    {
        var root = With(_root, new Key(prefix.Mask(length)), length, value);
        return ReferenceEquals(root, _root) ? this : new(root);
    }

    private static Node? With(Node? node, Key prefix, int length, T? value)
    {
        if (node is null)
            return value is null ? null : new Node(prefix, length, value, null, null);
        var common = Math.Min(Math.Min(node.Length, length), node.Prefix.CommonBits(prefix));
        if (common == node.Length && common == length)
            return Join(prefix, length, value, node.Zero, node.One);
        if (common == node.Length)
        {
            var isOne = prefix.Bit(common);
            var child = isOne ? node.One : node.Zero;
            var changed = With(child, prefix, length, value);
            if (ReferenceEquals(changed, child))
                return node;
            return Join(node.Prefix, node.Length, node.Value, isOne ? node.Zero : changed, isOne ? changed : node.One);
        }
        if (value is null)
            return node;
        if (common == length)
            return node.Prefix.Bit(common) ? new Node(prefix, length, value, null, node) : new Node(prefix, length, value, node, null);
        var leaf = new Node(prefix, length, value, null, null);
        return prefix.Bit(common)
            ? new Node(prefix.Mask(common), common, null, node, leaf)
            : new Node(prefix.Mask(common), common, null, leaf, node);
    }

    // A node without a value exists only to branch.
    private static Node? Join(Key prefix, int length, T? value, Node? zero, Node? one) =>
        value is null && (zero is null || one is null) ? zero ?? one : new Node(prefix, length, value, zero, one);

    private sealed class Node(Key prefix, int length, T? value, Node? zero, Node? one)
    {
        public readonly Key Prefix = prefix;
        public readonly int Length = length;
        public readonly T? Value = value;
        public readonly Node? Zero = zero;
        public readonly Node? One = one;
    }

    /// <summary>An address with its first bit highest; IPv4 takes the upper 32 bits.</summary>
    private readonly record struct Key(ulong High, ulong Low)
    {
        public Key(in InetAddress address)
            : this(
                address.IsIPv6 ? BinaryPrimitives.ReverseEndianness(address.First) : (ulong)BinaryPrimitives.ReverseEndianness(address.IPv4Raw) << 32,
                BinaryPrimitives.ReverseEndianness(address.Second))
        {
        }

        public int CommonBits(in Key other) => High != other.High
            ? BitOperations.LeadingZeroCount(High ^ other.High)
            : 64 + BitOperations.LeadingZeroCount(Low ^ other.Low);

        public bool Bit(int index) => index < 64 ? (High << index) >> 63 != 0 : index < 128 && (Low << (index - 64)) >> 63 != 0;

        public Key Mask(int length) => length switch
        {
            0 => default,
            <= 64 => new(High & (ulong.MaxValue << (64 - length)), 0),
            _ => new(High, Low & (ulong.MaxValue << (128 - length))),
        };
    }
}

/// <summary>Lengths of addresses.</summary>
internal static class AddressLength
{
    /// <summary>Bits of the address: 32 or 128.</summary>
    public static int BitLength(this in InetAddress address) => address.IsIPv6 ? 128 : 32;
}
