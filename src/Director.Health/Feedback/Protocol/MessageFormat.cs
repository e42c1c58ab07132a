using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace Director.Health.Feedback.Protocol;

/// <summary>Bodies of messages as bytes: a type, a count, and the items; numbers big-endian, texts and addresses with their length before them.</summary>
public static class MessageFormat
{
    private const byte RegistrationType = 1;
    private const byte ReportType = 2;
    private const byte FarewellType = 3;
    private const byte HeardType = 4;

    private const byte None = 0xff;
    private const ushort NoPercent = 0xffff;

    private static readonly UTF8Encoding s_strict = new(false, true);

    /// <summary>A message as bytes. Texts that are too long are cut.</summary>
    /// <exception cref="ArgumentException">It has too many items.</exception>
    public static byte[] Write(AgentMessage message)
    {
        var bytes = new List<byte>();
        switch (message)
        {
            case Registration registration:
                Begin(bytes, RegistrationType, registration.Services.Length);
                Text(bytes, registration.Agent);
                foreach (var service in registration.Services)
                {
                    Service(bytes, service);
                }

                break;
            case Report report:
                Begin(bytes, ReportType, report.Answers.Length);
                foreach (var answer in report.Answers)
                {
                    Number(bytes, answer.Percent is { } percent ? (ushort)percent : NoPercent);
                    bytes.Add(answer.Wanted is { } wanted ? (byte)wanted : None);
                    bytes.Add(answer.IsUp switch { true => 1, false => 0, null => None });
                }

                break;
            case Heard heard:
                Begin(bytes, HeardType, heard.Refusals.Length);
                foreach (var refusal in heard.Refusals)
                {
                    Text(bytes, refusal);
                }

                break;
            case Farewell:
                Begin(bytes, FarewellType, 0);
                break;
            default:
                throw new ArgumentException($"{message?.GetType()} is no message", nameof(message));
        }

        return [.. bytes];
    }

    /// <summary>Reads a message; never throws.</summary>
    /// <returns>Null where it is malformed.</returns>
    public static AgentMessage? Read(ReadOnlySpan<byte> body)
    {
        var cursor = new Cursor(body);
        AgentMessage? message = (cursor.Byte(), cursor.Byte()) switch
        {
            (RegistrationType, > 0 and <= ProtocolLimits.Services and var count) => ReadRegistration(ref cursor, count),
            (ReportType, <= ProtocolLimits.Services and var count) => ReadReport(ref cursor, count),
            (HeardType, <= ProtocolLimits.Services and var count) => ReadHeard(ref cursor, count),
            (FarewellType, 0) => new Farewell(),
            _ => null,
        };
        return cursor.IsAtEnd ? message : null;
    }

    private static Registration? ReadRegistration(ref Cursor cursor, int count)
    {
        var agent = cursor.Text();
        var services = ImmutableArray.CreateBuilder<RegisteredService>(count);
        for (var i = 0; i < count; i++)
        {
            var name = cursor.Text();
            var address = cursor.Address();
            var (port, joins, weight, forwarding) = (cursor.Number(), cursor.Byte(), cursor.Number(), cursor.Byte());
            if (cursor.IsBroken || address is null || name.Length == 0 || port == 0 || joins > 1 || weight == 0 || forwarding is > (byte)RegisteredForwarding.Tunnel and not None)
            {
                return null;
            }

            services.Add(new(name, address, port) { Joins = joins == 1, Weight = weight, Forwarding = forwarding == None ? null : (RegisteredForwarding)forwarding });
        }

        return new(agent, services.MoveToImmutable());
    }

    private static Report? ReadReport(ref Cursor cursor, int count)
    {
        var answers = ImmutableArray.CreateBuilder<AgentAnswer>(count);
        for (var i = 0; i < count; i++)
        {
            var (percent, wanted, isUp) = (cursor.Number(), cursor.Byte(), cursor.Byte());
            if (cursor.IsBroken || percent is > AgentAnswer.MostPercent and not NoPercent || wanted is > (byte)ReportedState.Maintenance and not None || isUp is > 1 and not None)
            {
                return null;
            }

            answers.Add(new()
            {
                Percent = percent == NoPercent ? null : percent,
                Wanted = wanted == None ? null : (ReportedState)wanted,
                IsUp = isUp == None ? null : isUp == 1,
            });
        }

        return new(answers.MoveToImmutable());
    }

    private static Heard ReadHeard(ref Cursor cursor, int count)
    {
        var refusals = ImmutableArray.CreateBuilder<string>(count);
        for (var i = 0; i < count; i++)
        {
            refusals.Add(cursor.Text());
        }

        return new(refusals.MoveToImmutable());
    }

    private static void Begin(List<byte> bytes, byte type, int count)
    {
        if (count > ProtocolLimits.Services)
        {
            throw new ArgumentException($"{count} services; at most {ProtocolLimits.Services} fit a message", nameof(count));
        }

        bytes.Add(type);
        bytes.Add((byte)count);
    }

    private static void Service(List<byte> bytes, RegisteredService service)
    {
        Text(bytes, service.Service);
        var address = service.Address.GetAddressBytes();
        bytes.Add((byte)address.Length);
        bytes.AddRange(address);
        Number(bytes, service.Port);
        bytes.Add(service.Joins ? (byte)1 : (byte)0);
        Number(bytes, (ushort)service.Weight);
        bytes.Add(service.Forwarding is { } forwarding ? (byte)forwarding : None);
    }

    private static void Number(List<byte> bytes, ushort number)
    {
        bytes.Add((byte)(number >> 8));
        bytes.Add((byte)number);
    }

    private static void Text(List<byte> bytes, string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        var length = Math.Min(encoded.Length, ProtocolLimits.TextBytes);
        while (length < encoded.Length && length > 0 && (encoded[length] & 0xc0) == 0x80)
        {
            length--;
        }

        bytes.Add((byte)length);
        bytes.AddRange(encoded.AsSpan(0, length));
    }

    private ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;

        public bool IsBroken { get; private set; }

        public readonly bool IsAtEnd => !IsBroken && _at == _bytes.Length;

        public byte Byte() => Take(1) is [var one] ? one : (byte)0;

        public ushort Number() => Take(2) is { Length: 2 } two ? BinaryPrimitives.ReadUInt16BigEndian(two) : (ushort)0;

        /// <summary>Control characters would forge lines of a log.</summary>
        public string Text()
        {
            var encoded = Take(Byte());
            try
            {
                var text = s_strict.GetString(encoded);
                IsBroken |= text.Any(char.IsControl);
                return text;
            }
            catch (DecoderFallbackException)
            {
                IsBroken = true;
                return "";
            }
        }

        public IPAddress? Address()
        {
            var bytes = Take(Byte());
            return bytes.Length is 4 or 16 ? new IPAddress(bytes) is var address && address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(bytes) : null;
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if (IsBroken || _bytes.Length - _at < length)
            {
                IsBroken = true;
                return [];
            }

            _at += length;
            return _bytes.Slice(_at - length, length);
        }
    }
}
