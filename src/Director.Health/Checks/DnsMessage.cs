using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Director.Health.Checks;

/// <summary>What a name server answered (RFC 1035 section 4).</summary>
/// <param name="Code">Its response code; 0 is no error.</param>
/// <param name="IsTruncated">Whether it did not fit; then there are no records.</param>
/// <param name="Records">Data of the records of the type that was asked for, as text.</param>
internal readonly record struct DnsAnswer(int Code, bool IsTruncated, IReadOnlyList<string> Records);

/// <summary>Writes a question to a name server and reads the answer.</summary>
internal static class DnsMessage
{
    /// <summary>Types of records by name, those that a check can ask for.</summary>
    public static readonly IReadOnlyDictionary<string, ushort> Types = new Dictionary<string, ushort>(StringComparer.OrdinalIgnoreCase)
    {
        ["A"] = 1, ["NS"] = 2, ["CNAME"] = 5, ["SOA"] = 6, ["PTR"] = 12, ["MX"] = 15, ["TXT"] = 16, ["AAAA"] = 28, ["SRV"] = 33, ["RRSIG"] = 46, ["DNSKEY"] = 48,
    };

    private const int HeaderBytes = 12, LongestName = 255;
    private const ushort Internet = 1;
    private const ushort IsResponse = 0x8000, IsTruncated = 0x0200, RecursionDesired = 0x0100, CodeMask = 0x000F;

    private static readonly string[] s_codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

    /// <summary>The name of a response code.</summary>
    public static string NameOf(int code) => code < s_codes.Length ? s_codes[code] : $"code {code}";

    /// <summary>A question.</summary>
    /// <param name="id">Its number, which the answer has too.</param>
    /// <param name="name">The name; empty or <c>.</c> is the root.</param>
    /// <param name="type">The record's type.</param>
    /// <exception cref="FormatException">The name is none.</exception>
    public static byte[] Question(ushort id, string name, ushort type)
    {
        const int longestLabel = 63;
        List<byte> message = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (label.Length > longestLabel || !Ascii.IsValid(label))
            {
                throw new FormatException($"{name} is no name of the DNS");
            }

            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, 0, 0, 0]);
        if (message.Count > HeaderBytes + LongestName + 4)
        {
            throw new FormatException($"{name} is no name of the DNS");
        }

        var bytes = message.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, id);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(bytes.Length - 4), type);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(bytes.Length - 2), Internet);
        return bytes;
    }

    /// <summary>Reads the answer to a question.</summary>
    /// <returns>Null when it answers another question.</returns>
    /// <exception cref="IOException">It is no answer.</exception>
    public static DnsAnswer? Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question)
    {
        try
        {
            if (message.Length >= 2 && !message[..2].SequenceEqual(question[..2]))
            {
                return null;
            }

            var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
            var code = flags & CodeMask;
            var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
            var answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
            if ((flags & IsResponse) == 0)
            {
                throw new IOException("garbled answer: it is a question");
            }

            var position = HeaderBytes;
            if (questions == 1)
            {
                // A server may answer in other letters' case than it was asked in.
                var asked = Name(question, HeaderBytes, out var askedEnd);
                if (!Name(message, position, out position).Equals(asked, StringComparison.OrdinalIgnoreCase)
                    || !message.Slice(position, 4).SequenceEqual(question.Slice(askedEnd, 4)))
                {
                    return null;
                }

                position += 4;
            }
            else if (questions != 0 || code == 0)
            {
                throw new IOException("garbled answer: it does not repeat the question");
            }

            var records = new List<string>();
            if ((flags & IsTruncated) != 0)
            {
                return new DnsAnswer(code, true, records);
            }

            for (var number = 0; number < answers; number++)
            {
                Name(message, position, out position);
                var type = BinaryPrimitives.ReadUInt16BigEndian(message[position..]);
                var length = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
                position += 10;
                _ = message.Slice(position, length);
                if (type == BinaryPrimitives.ReadUInt16BigEndian(question[^4..]))
                {
                    records.Add(Data(message, position, length, type));
                }

                position += length;
            }

            return new DnsAnswer(code, false, records);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            throw new IOException("garbled answer");
        }
    }

    private static string Data(ReadOnlySpan<byte> message, int position, int length, ushort type)
    {
        var data = message.Slice(position, length);
        switch (type)
        {
            case 1 when length == 4:
            case 28 when length == 16:
                return new IPAddress(data).ToString();
            case 2 or 5 or 12:
                return Name(message, position, out _);
            case 6:
                var primary = Name(message, position, out position);
                var mailbox = Name(message, position, out position);
                var numbers = Enumerable.Range(0, 5).Select(_ => 0u).ToArray();
                foreach (ref var number in numbers.AsSpan())
                {
                    number = BinaryPrimitives.ReadUInt32BigEndian(message[position..]);
                    position += 4;
                }

                return $"{primary} {mailbox} {string.Join(' ', numbers)}";
            case 15:
                return string.Create(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadUInt16BigEndian(data)} {Name(message, position + 2, out _)}");
            case 16:
                var text = new StringBuilder();
                for (; !data.IsEmpty; data = data[(1 + data[0])..])
                {
                    text.Append(Encoding.UTF8.GetString(data.Slice(1, data[0])));
                }

                return text.ToString();
            case 33:
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{BinaryPrimitives.ReadUInt16BigEndian(data)} {BinaryPrimitives.ReadUInt16BigEndian(data[2..])} {BinaryPrimitives.ReadUInt16BigEndian(data[4..])} {Name(message, position + 6, out _)}");
            default:
                // As RFC 3597 section 5 writes what has no form of its own.
                return $@"\# {length} {Convert.ToHexStringLower(data)}";
        }
    }

    /// <summary>Reads a name, following its pointers, which must lead backwards: so it ends.</summary>
    private static string Name(ReadOnlySpan<byte> message, int position, out int end)
    {
        const int pointer = 0xC0;
        var name = new StringBuilder();
        end = -1;
        for (var earliest = position; ;)
        {
            int length = message[position];
            if (length == 0)
            {
                end = end < 0 ? position + 1 : end;
                return name.Length == 0 ? "." : name.ToString();
            }

            if ((length & pointer) == pointer)
            {
                end = end < 0 ? position + 2 : end;
                position = BinaryPrimitives.ReadUInt16BigEndian(message[position..]) & 0x3FFF;
                if (position >= earliest)
                {
                    throw new IOException("garbled answer");
                }

                earliest = position;
                continue;
            }

            name.Append(Encoding.UTF8.GetString(message.Slice(position + 1, length))).Append('.');
            position += 1 + length;
            if (name.Length > LongestName)
            {
                throw new IOException("garbled answer");
            }
        }
    }
}
