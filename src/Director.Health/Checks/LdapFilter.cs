using System.Globalization;
using System.Text;

namespace Director.Health.Checks;

/// <summary>Search filters of LDAP from their text (RFC 4515): and, or, not, equality, substrings, presence, less, greater and approximate.</summary>
internal static class LdapFilter
{
    private const byte And = 0xA0, Or = 0xA1, Not = 0xA2, Equality = 0xA3, Substrings = 0xA4, GreaterOrEqual = 0xA5, LessOrEqual = 0xA6, Present = 0x87, Approximate = 0xA8;
    private const byte Initial = 0x80, Any = 0x81, Final = 0x82;
    private const int Deepest = 32;

    /// <summary>Encodes a filter (RFC 4511 section 4.5.1.7).</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static byte[] Encode(string text)
    {
        var position = 0;
        var filter = Read(text, ref position, 0);
        return position == text.Length ? filter : throw Wrong(text);
    }

    private static byte[] Read(string text, ref int position, int depth)
    {
        if (depth > Deepest || position + 2 >= text.Length || text[position] != '(')
        {
            throw Wrong(text);
        }

        byte[] filter;
        var first = text[++position];
        if (first is '&' or '|' or '!')
        {
            position++;
            var parts = new List<byte[]>();
            while (position < text.Length && text[position] == '(')
            {
                parts.Add(Read(text, ref position, depth + 1));
            }

            if (first == '!' && parts.Count != 1)
            {
                throw Wrong(text);
            }

            filter = Ber.Of(first switch { '&' => And, '|' => Or, _ => Not }, parts);
        }
        else
        {
            var end = text.IndexOf(')', position);
            filter = Item(end < 0 ? throw Wrong(text) : text[position..end], text);
            position = end;
        }

        if (position >= text.Length || text[position] != ')')
        {
            throw Wrong(text);
        }

        position++;
        return filter;
    }

    private static byte[] Item(string item, string whole)
    {
        var equals = item.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || item.Contains('('))
        {
            throw Wrong(whole);
        }

        var tag = item[equals - 1] switch { '>' => GreaterOrEqual, '<' => LessOrEqual, '~' => Approximate, _ => Equality };
        var attribute = item[..(tag == Equality ? equals : equals - 1)];
        var value = item[(equals + 1)..];
        if (attribute.Length == 0 || attribute.Contains(':'))
        {
            throw Wrong(whole);
        }

        if (tag != Equality || !value.Contains('*'))
        {
            return Ber.Of(tag, Ber.Text(Ber.OctetString, attribute), Ber.Element(Ber.OctetString, Unescape(value, whole)));
        }

        if (value == "*")
        {
            return Ber.Text(Present, attribute);
        }

        var pieces = value.Split('*');
        var parts = pieces.Select((piece, index) => (piece, Tag: index == 0 ? Initial : index == pieces.Length - 1 ? Final : Any))
            .Where(part => part.piece.Length > 0)
            .Select(part => Ber.Element(part.Tag, Unescape(part.piece, whole)));
        return Ber.Of(Substrings, Ber.Text(Ber.OctetString, attribute), Ber.Of(Ber.Sequence, parts));
    }

    private static byte[] Unescape(string value, string whole)
    {
        var bytes = new List<byte>();
        for (var index = 0; index < value.Length; index++)
        {
            if (value[index] != '\\')
            {
                var length = char.IsSurrogatePair(value, index) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(value.Substring(index, length)));
                index += length - 1;
            }
            else if (index + 2 < value.Length && byte.TryParse(value.AsSpan(index + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                bytes.Add(code);
                index += 2;
            }
            else
            {
                throw Wrong(whole);
            }
        }

        return [.. bytes];
    }

    private static FormatException Wrong(string text) => new($"{text} is no search filter of LDAP (RFC 4515)");
}
