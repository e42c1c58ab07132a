using System.Text;

namespace Director.Health.Checks;

/// <summary>What of ASN.1's basic encoding rules LDAP uses (RFC 4511 section 5.1): tags of one byte, definite lengths.</summary>
internal static class Ber
{
    /// <summary>Universal tags.</summary>
    public const byte Boolean = 0x01, Integer = 0x02, OctetString = 0x04, Enumerated = 0x0A, Sequence = 0x30, Set = 0x31;

    /// <summary>An element out of bytes.</summary>
    public static byte[] Element(byte tag, params ReadOnlySpan<byte> content)
    {
        const int shortForm = 0x80, longForm = 0x84;
        return content.Length < shortForm
            ? [tag, (byte)content.Length, .. content]
            : [tag, longForm, (byte)(content.Length >> 24), (byte)(content.Length >> 16), (byte)(content.Length >> 8), (byte)content.Length, .. content];
    }

    /// <summary>An element out of elements.</summary>
    public static byte[] Of(byte tag, params IEnumerable<byte[]> elements) => Element(tag, [.. elements.SelectMany(element => element)]);

    /// <summary>An element out of text.</summary>
    public static byte[] Text(byte tag, string text) => Element(tag, Encoding.UTF8.GetBytes(text));

    /// <summary>A number from 0 to 127.</summary>
    public static byte[] Number(byte tag, byte value) => [tag, 1, value];

    /// <summary>Takes the first element off.</summary>
    /// <param name="rest">Elements; those after the first afterwards.</param>
    /// <param name="content">The first one's content.</param>
    /// <returns>Its tag.</returns>
    /// <exception cref="IOException">There is no whole element.</exception>
    public static byte Take(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> content)
    {
        if (HeaderBytes(rest) is not { } header || Length(rest) is var length && (length < 0 || length > rest.Length - header))
        {
            throw new IOException("garbled answer");
        }

        var tag = rest[0];
        content = rest.Slice(header, Length(rest));
        rest = rest[(header + content.Length)..];
        return tag;
    }

    /// <summary>How many bytes tag and length of the first element have; null while that cannot be said.</summary>
    public static int? HeaderBytes(ReadOnlySpan<byte> bytes) => bytes.Length < 2 ? null : bytes[1] < 0x80 ? 2 : bytes.Length < 2 + (bytes[1] & 0x7F) ? null : 2 + (bytes[1] & 0x7F);

    /// <summary>The length of the first element's content, whose header is there; negative when it is none that can be dealt with.</summary>
    public static int Length(ReadOnlySpan<byte> bytes)
    {
        const int most = 4;
        if (bytes[1] < 0x80)
        {
            return bytes[1];
        }

        var count = bytes[1] & 0x7F;
        var length = 0L;
        foreach (var part in bytes.Slice(2, Math.Min(count, most)))
        {
            length = length << 8 | part;
        }

        return count is 0 or > most || length > int.MaxValue ? -1 : (int)length;
    }

    /// <summary>The content of an integer or an enumerated as a number.</summary>
    /// <exception cref="IOException">It is none of up to 32 bits.</exception>
    public static int Number(ReadOnlySpan<byte> content)
    {
        if (content.Length is 0 or > 4)
        {
            throw new IOException("garbled answer");
        }

        var number = (int)(sbyte)content[0];
        foreach (var part in content[1..])
        {
            number = number << 8 | part;
        }

        return number;
    }
}
