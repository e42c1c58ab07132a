using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Remote.Transport;
using Akka.Serialization;
using Google.Protobuf;

namespace Akka.Remote;

/// <summary>
/// What one byte string between two systems carries. The one who connects says hello and is welcomed, or turned away with a farewell; then it sends envelopes, and the other acknowledges the numbered ones.
/// </summary>
internal abstract record Frame
{
    private const string Format = "akka-compat-remote 1";

    /// <param name="To">Whom the sender means to reach.</param>
    public sealed record Hello(Address To, Address From, int Uid) : Frame;

    public sealed record Welcome(Address From, int Uid) : Frame;

    public sealed record Farewell(DisassociateInfo Reason, int Uid) : Frame;

    /// <summary>A sign of life, answered with another by the one who was connected to.</summary>
    public sealed record Pulse : Frame;

    /// <param name="Number">Of a system message, from 1 for each pair of incarnations; 0 for any other message.</param>
    /// <param name="Sender">Empty when there is none.</param>
    public sealed record Envelope(long Number, string Recipient, string Sender, int Serializer, string Manifest, byte[] Payload) : Frame;

    /// <summary>All system messages up to this number have arrived.</summary>
    public sealed record Acknowledgement(long Number) : Frame;

    public ByteString Encode()
    {
        using var fields = new FieldWriter(null);
        _ = this switch
        {
            Hello hello => fields.Number(1).Text(Format).Text(hello.To.ToString()).Text(hello.From.ToString()).Number(hello.Uid),
            Welcome welcome => fields.Number(2).Text(welcome.From.ToString()).Number(welcome.Uid),
            Farewell farewell => fields.Number(3).Number((long)farewell.Reason).Number(farewell.Uid),
            Pulse => fields.Number(4),
            Envelope envelope => fields.Number(5).Number(envelope.Number).Text(envelope.Recipient).Text(envelope.Sender).Number(envelope.Serializer).Text(envelope.Manifest).Block(envelope.Payload),
            Acknowledgement acknowledgement => fields.Number(6).Number(acknowledgement.Number),
            _ => throw new InvalidOperationException($"{GetType()} is not sent"),
        };
        return UnsafeByteOperations.UnsafeWrap(fields.ToArray());
    }

    /// <summary>Throws a <see cref="SerializationException"/> that says what is wrong with the bytes.</summary>
    public static Frame Decode(ByteString bytes)
    {
        var fields = new FieldReader(null, bytes.Span);
        switch (fields.Number())
        {
            case 1:
                var format = fields.Text();
                return format == Format
                    ? new Hello(Parse(fields.Text()), Parse(fields.Text()), ToUid(fields.Number()))
                    : throw new SerializationException($"the other system speaks '{(format.Length <= 40 ? format : format[..40])}', this one '{Format}'");
            case 2:
                return new Welcome(Parse(fields.Text()), ToUid(fields.Number()));
            case 3:
                return new Farewell((DisassociateInfo)fields.Number(), ToUid(fields.Number()));
            case 4:
                return new Pulse();
            case 5:
                return new Envelope(fields.Number(), fields.Text(), fields.Text(), (int)fields.Number(), fields.Text(), fields.Block().ToArray());
            case 6:
                return new Acknowledgement(fields.Number());
            case var kind:
                throw new SerializationException($"no frame is of the kind {kind}");
        }
    }

    private static Address Parse(string text) => Address.TryParse(text, out var address) ? address : throw new SerializationException("an address is expected");

    private static int ToUid(long number) => number == (int)number ? (int)number : throw new SerializationException("a uid is expected");
}
