using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Director.Health.Probing;
using Google.Protobuf;

namespace Director.Cluster.Health;

/// <summary>Messages about health on the wire: Protobuf (<c>health.proto</c>), told apart by manifests that begin with the format's name and version.</summary>
internal sealed class HealthSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Binds the messages to this serializer.</summary>
    public const string Configuration = """
        akka.actor {
          serializers.director-health = "Director.Cluster.Health.HealthSerializer, Director.Cluster"
          serialization-bindings."Director.Cluster.Health.IHealthMessage, Director.Cluster" = director-health
        }
        """;

    private const string Format = "director-health/1";

    /// <summary>A detail is one line for people; a check that says more is cut, so that a message fits into a frame.</summary>
    private const int LongestDetail = 200;

    /// <inheritdoc/>
    public override int Identifier => 7303;

    /// <inheritdoc/>
    public override string Manifest(object o) => $"{Format} {o.GetType().Name}";

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        IMessage message = obj switch
        {
            Verdicts verdicts => new Wire.Verdicts { Prober = verdicts.Prober, Name = verdicts.Name, Told = { verdicts.Told.Select(ToWire) } },
            MaintenanceWords words => new Wire.MaintenanceWords
            {
                Words = { words.Words.Select(word => new Wire.MaintenanceWord { Target = word.Target, On = word.IsOn, At = word.At.UtcTicks, By = word.By }) },
            },
            _ => throw new ArgumentException($"{obj.GetType()} is not a message about health", nameof(obj)),
        };
        return message.ToByteArray();
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            return manifest switch
            {
                $"{Format} {nameof(Verdicts)}" => Read(Wire.Verdicts.Parser.ParseFrom(bytes)),
                $"{Format} {nameof(MaintenanceWords)}" => new MaintenanceWords(
                    [.. Wire.MaintenanceWords.Parser.ParseFrom(bytes).Words.Select(word => new MaintenanceWord(word.Target, word.On, new DateTimeOffset(word.At, TimeSpan.Zero), word.By))]),
                _ => throw new SerializationException($"a message '{manifest}' where this director understands '{Format}': the directors are of different versions"),
            };
        }
        catch (Exception broken) when (broken is InvalidProtocolBufferException or ArgumentOutOfRangeException)
        {
            throw new SerializationException($"a message '{manifest}' cannot be read: {broken.Message}", broken);
        }
    }

    private static Wire.Verdict ToWire(ToldVerdict told)
    {
        var wire = new Wire.Verdict
        {
            Probe = told.Probe,
            Verdict_ = (int)told.Verdict,
            Detail = told.Detail.Length > LongestDetail ? told.Detail[..LongestDetail] : told.Detail,
            Since = told.Since.ToUnixTimeMilliseconds(),
        };
        if (told.Percent is { } percent)
        {
            wire.Percent = percent;
        }

        return wire;
    }

    private static Verdicts Read(Wire.Verdicts wire) => new(
        wire.Prober,
        wire.Name,
        [
            .. wire.Told.Select(told => new ToldVerdict(
                told.Probe,
                told.Verdict_ is 1 or 2 ? (Verdict)told.Verdict_ : Verdict.Unknown,
                told.Detail,
                told.HasPercent ? Math.Clamp(told.Percent, 0, 100) : null,
                DateTimeOffset.FromUnixTimeMilliseconds(told.Since))),
        ]);
}
