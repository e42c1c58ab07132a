namespace Director.Forwarding.Tests.Hostile;

/// <summary>Random numbers that are the same everywhere for the same seed (SplitMix64).</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var value = _state += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }

    /// <summary>From 0 up to, not including, <paramref name="limit"/>; 0 when that is 0.</summary>
    public int Below(int limit) => limit <= 0 ? 0 : (int)(Next() % (uint)limit);

    public bool OneIn(int n) => Below(n) == 0;

    public byte Byte() => (byte)Next();

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    public byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i += 8)
            BitConverter.GetBytes(Next()).AsSpan(0, Math.Min(8, length - i)).CopyTo(bytes.AsSpan(i));
        return bytes;
    }
}
