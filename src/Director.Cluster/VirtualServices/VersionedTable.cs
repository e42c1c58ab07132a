using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>
/// What a director knows of every part of the table and of its own file. It belongs to the process: an actor or an actor system that starts again goes on from here. Only
/// <see cref="EngineActor"/> uses it, but for <see cref="File"/> and <see cref="Differences"/>.
/// </summary>
internal sealed class VersionedTable
{
    private readonly Dictionary<PartKey, TablePart> _parts = [];
    private readonly Dictionary<PartKey, FileDefinition> _definitions = [];
    private volatile ForwardingTable _file;

    /// <param name="director">This director's name.</param>
    /// <param name="file">What its file says.</param>
    /// <param name="since">The file's time stamp.</param>
    public VersionedTable(string director, ForwardingTable file, DateTimeOffset since)
    {
        Director = director;
        Owner = $"{director}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        _file = file;
        foreach (var key in file.Services.Select(service => new PartKey(service.Key)).Append(PartKey.Timeouts))
        {
            var definition = new FileDefinition(TablePart.Share(file, key), since);
            _definitions[key] = definition;
            _parts[key] = TablePart.FromFile(key, definition);
        }
    }

    /// <summary>This director's name.</summary>
    public string Director { get; }

    /// <summary>This director as the owner of what it changes without the cluster; another one after every start of the process.</summary>
    public string Owner { get; }

    /// <summary>What this director's file says.</summary>
    public ForwardingTable File => _file;

    /// <summary>Every part that is there, and those that were deleted.</summary>
    public IReadOnlyCollection<TablePart> Parts => _parts.Values;

    /// <summary>The last known state of a part.</summary>
    public TablePart Part(PartKey key) => _parts.GetValueOrDefault(key) ?? TablePart.Missing(key);

    /// <summary>What this director's file says of a part; null when it says nothing and never did.</summary>
    public FileDefinition? Definition(PartKey key) => _definitions.GetValueOrDefault(key);

    /// <summary>How a table differs from the file, a line each. Any thread may ask.</summary>
    public ImmutableArray<string> Differences(ForwardingTable table) => [.. TableDifference.Between(File, table).Select(change => change.ToString())];

    /// <summary>The file says something else.</summary>
    /// <returns>What it now says of each part that changed.</returns>
    public ImmutableArray<(PartKey Key, FileDefinition Definition)> SetFile(ForwardingTable file, DateTimeOffset now)
    {
        var changed = TableDifference.Between(File, file).Select(change => change.Part).OfType<PartKey>().Distinct();
        _file = file;
        return [.. changed.Select(key => (key, _definitions[key] = new FileDefinition(TablePart.Share(file, key), now)))];
    }

    /// <summary>Takes a state over when it is later than the known one.</summary>
    /// <returns>Whether it is.</returns>
    public bool Merge(TablePart part)
    {
        if (_parts.TryGetValue(part.Key, out var known) && !(part.Version > known.Version))
        {
            return false;
        }

        // The same objects for the same content: tables are compared often, and two copies take twice the memory.
        _parts[part.Key] = known is null ? part : part with { Content = Same(known.Content, part.Content), File = part.File with { Content = Same(known.File.Content, part.File.Content) } };
        return true;
    }

    /// <summary>A table with the known states of some parts in place of what it has of them.</summary>
    public ForwardingTable Into(ForwardingTable table, IEnumerable<PartKey> keys)
    {
        var parts = keys.Distinct().ToDictionary(key => key, Part);
        if (parts.Remove(PartKey.Timeouts, out var timeouts))
        {
            table = table with { Timeouts = timeouts.Content.Timeouts };
        }

        var services = ImmutableArray.CreateBuilder<VirtualServiceSpec>(table.Services.Length);
        foreach (var service in table.Services)
        {
            if (parts.Remove(new PartKey(service.Key), out var part))
            {
                services.AddRange(part.Content.Services);
            }
            else
            {
                services.Add(service);
            }
        }

        services.AddRange(parts.Values.SelectMany(part => part.Content.Services));
        return table with { Services = services.ToImmutable() };
    }

    /// <summary>A number that is the same on two directors that know the same states of all owned parts.</summary>
    public ulong Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in Owned())
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{part.Key}|{part.Version.Epoch}|{part.Version.Owner}|{part.Version.Number}\n")));
        }

        return BitConverter.ToUInt64(hash.GetHashAndReset());
    }

    /// <summary>The versions of all owned parts, in pieces that together cover every key.</summary>
    /// <param name="most">Parts in a piece.</param>
    public IEnumerable<KnownVersions> Versions(int most)
    {
        var pieces = Owned().Select(part => (part.Key, part.Version)).Chunk(most).DefaultIfEmpty([]).ToArray();
        for (var i = 0; i < pieces.Length; i++)
        {
            var after = i == 0 ? "" : pieces[i - 1][^1].Key.ToString();
            var last = i == pieces.Length - 1 ? "" : pieces[i][^1].Key.ToString();
            yield return new KnownVersions(after, last, [.. pieces[i]]);
        }
    }

    /// <summary>Compares with what another director knows.</summary>
    /// <returns>What it lacks, and what this one lacks.</returns>
    public (ImmutableArray<TablePart> ToSend, ImmutableArray<PartKey> ToAsk) Compare(KnownVersions other)
    {
        var theirs = other.Versions.ToDictionary(known => known.Key, known => known.Version);
        ImmutableArray<TablePart> toSend = [.. Owned().Where(part => other.Covers(part.Key) && part.Version > theirs.GetValueOrDefault(part.Key, PartVersion.None))];
        return (toSend, [.. other.Versions.Where(known => known.Version > Part(known.Key).Version).Select(known => known.Key)]);
    }

    private static ForwardingTable Same(ForwardingTable known, ForwardingTable content) => TableDifference.Between(known, content).IsEmpty ? known : content;

    private IOrderedEnumerable<TablePart> Owned() => _parts.Values.Where(part => part.Version.IsOwned).OrderBy(part => part.Key.ToString(), StringComparer.Ordinal);
}
