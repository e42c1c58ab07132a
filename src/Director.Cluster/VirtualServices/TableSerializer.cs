using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Google.Protobuf;

namespace Director.Cluster.VirtualServices;

/// <summary>Messages about parts of the table on the wire: Protobuf (<c>table.proto</c>), told apart by manifests that begin with the format's name and version.</summary>
internal sealed class TableSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Binds the messages to this serializer.</summary>
    public const string Configuration = """
        akka.actor {
          serializers.director-table = "Director.Cluster.VirtualServices.TableSerializer, Director.Cluster"
          serialization-bindings."Director.Cluster.VirtualServices.ITableMessage, Director.Cluster" = director-table
        }
        """;

    private const string Format = "director-table/1";

    /// <inheritdoc/>
    public override int Identifier => 7301;

    /// <inheritdoc/>
    public override string Manifest(object o) => $"{Format} {o.GetType().Name}";

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        IMessage message = obj switch
        {
            ChangePart change => new Wire.ChangePart { Known = change.Known.ToWire(), Change = change.Change.ToWire(change.Key), Asker = change.Asker },
            PartChanged changed => new Wire.PartChanged { Part = changed.Part.ToWire(), Errno = (int)(changed.Error?.Errno ?? 0), Error = changed.Error?.Text ?? "" },
            ReportPart report => new Wire.ReportPart { Key = report.Key.ToWire(), Version = report.Version.ToWire(), File = report.File?.ToWire(report.Key) },
            GetParts get => new Wire.GetParts { Keys = { get.Keys.Select(key => key.ToWire()) } },
            PartStates states => new Wire.PartStates { Parts = { states.Parts.Select(part => part.ToWire()) } },
            CompareTables compare => new Wire.CompareTables { Digest = compare.Digest },
            KnownVersions known => new Wire.KnownVersions
            {
                After = known.After,
                Last = known.Last,
                Versions = { known.Versions.Select(one => new Wire.KnownVersion { Key = one.Key.ToWire(), Version = one.Version.ToWire() }) },
            },
            _ => throw new ArgumentException($"{obj.GetType()} is not a message about parts of the table", nameof(obj)),
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
                $"{Format} {nameof(ChangePart)}" => Read(Wire.ChangePart.Parser.ParseFrom(bytes)),
                $"{Format} {nameof(PartChanged)}" => Read(Wire.PartChanged.Parser.ParseFrom(bytes)),
                $"{Format} {nameof(ReportPart)}" => Read(Wire.ReportPart.Parser.ParseFrom(bytes)),
                $"{Format} {nameof(GetParts)}" => new GetParts([.. Wire.GetParts.Parser.ParseFrom(bytes).Keys.Select(key => key.FromWire())]),
                $"{Format} {nameof(PartStates)}" => new PartStates([.. Wire.PartStates.Parser.ParseFrom(bytes).Parts.Select(part => part.FromWire())]),
                $"{Format} {nameof(CompareTables)}" => new CompareTables(Wire.CompareTables.Parser.ParseFrom(bytes).Digest),
                $"{Format} {nameof(KnownVersions)}" => Read(Wire.KnownVersions.Parser.ParseFrom(bytes)),
                _ => throw new SerializationException($"a message '{manifest}' where this director understands '{Format}': the directors are of different versions"),
            };
        }
        catch (Exception broken) when (broken is InvalidProtocolBufferException or NullReferenceException)
        {
            throw new SerializationException($"a message '{manifest}' cannot be read: {broken.Message}", broken);
        }
    }

    private static ChangePart Read(Wire.ChangePart change) => new(change.Known.FromWire(), change.Change.FromWire(), change.Asker);

    private static PartChanged Read(Wire.PartChanged changed) =>
        new(changed.Part.FromWire(), changed.Errno == 0 ? null : new EditError((EditErrno)changed.Errno, changed.Error));

    private static ReportPart Read(Wire.ReportPart report) => new(report.Key.FromWire(), report.Version.FromWire(), report.File?.FromWire() as PartChange.ByFile);

    private static KnownVersions Read(Wire.KnownVersions known) =>
        new(known.After, known.Last, [.. known.Versions.Select(one => (one.Key.FromWire(), one.Version.FromWire()))]);
}
