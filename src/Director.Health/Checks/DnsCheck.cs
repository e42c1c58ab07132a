using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Director.Health.Checks;

/// <summary>
/// Whether a name server has a record (ldirectord's <c>dns</c>, keepalived's <c>DNS_CHECK</c>). The answer has to be without error and with a record of the type. One that does not fit into a datagram is asked for again by TCP.
/// </summary>
public sealed record DnsCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>The name that is asked for; empty is the root.</summary>
    public string Name { get; init; } = "";

    /// <summary>The record's type: A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, RRSIG or DNSKEY.</summary>
    public string Record { get; init; } = "SOA";

    /// <summary>Regular expression that one of the records has to match; empty matches all. A record reads as in a zone's file: <c>192.0.2.1</c>, <c>10 mail.example.com.</c></summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that none of the records may match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <summary>Whether the first question goes by TCP already.</summary>
    public bool OverTcp { get; init; }

    /// <inheritdoc/>
    public override string Type => "dns";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        if (!DnsMessage.Types.TryGetValue(Record, out var type))
        {
            return CheckAnswer.Fail($"record type {Record} is not known");
        }

        var question = DnsMessage.Question((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), Name, type);
        if (OverTcp)
        {
            return Judge(await AskByTcp(question, cancellation).ConfigureAwait(false));
        }

        using var socket = await UdpExchange.Open(Target, cancellation).ConfigureAwait(false);
        var answer = await UdpExchange.Ask(socket, question, message => DnsMessage.Read(message.Span, question), cancellation).ConfigureAwait(false);
        return Judge(answer.IsTruncated ? await AskByTcp(question, cancellation).ConfigureAwait(false) : answer);
    }

    private async Task<DnsAnswer> AskByTcp(byte[] question, CancellationToken cancellation)
    {
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        socket.LingerState = new(true, 0);
        using var stream = new NetworkStream(socket);
        var framed = new byte[question.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)question.Length);
        question.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellation).ConfigureAwait(false);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancellation).ConfigureAwait(false);
        return DnsMessage.Read(message, question) ?? throw new IOException("the answer is to another question");
    }

    private CheckAnswer Judge(DnsAnswer answer)
    {
        if (answer.Code != 0)
        {
            return CheckAnswer.Fail($"answer {DnsMessage.NameOf(answer.Code)}");
        }

        if (answer.Records.Count == 0)
        {
            return CheckAnswer.Fail($"no {Record} record in the answer");
        }

        var found = string.Join(", ", answer.Records);
        if (ReceiveNot.Length > 0 && answer.Records.Any(record => Expectation.Matches(record, ReceiveNot)))
        {
            return CheckAnswer.Fail($"answer {Expectation.Shown(found)} matches {ReceiveNot}");
        }

        return Receive.Length == 0 || answer.Records.Any(record => Expectation.Matches(record, Receive))
            ? CheckAnswer.Pass($"answered {Expectation.Shown(found)}")
            : CheckAnswer.Fail($"answer {Expectation.Shown(found)} does not match {Receive}");
    }
}
