using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>What changed from one table to another.</summary>
internal static class TableDifference
{
    /// <summary>The changes that make <paramref name="after"/> of <paramref name="before"/>, but for the order of services and real servers; removals first.</summary>
    public static ImmutableArray<TableChange> Between(ForwardingTable before, ForwardingTable after)
    {
        var changes = ImmutableArray.CreateBuilder<TableChange>();
        var old = before.Services.ToDictionary(service => service.Key);
        var kept = after.Services.Select(service => service.Key).ToHashSet();
        changes.AddRange(before.Services.Where(service => !kept.Contains(service.Key)).Select(service => new TableChange.ServiceRemoved(service)));
        foreach (var service in after.Services)
        {
            if (old.TryGetValue(service.Key, out var was))
            {
                AddChanges(changes, was, service);
            }
            else
            {
                changes.Add(new TableChange.ServiceAdded(service));
            }
        }

        if (before.Timeouts != after.Timeouts)
        {
            changes.Add(new TableChange.TimeoutsChanged(before.Timeouts, after.Timeouts));
        }

        if (!before.Marks.SequenceEqual(after.Marks, SameMark))
        {
            changes.Add(new TableChange.MarksChanged(after.Marks));
        }

        if (!before.Masquerade.SequenceEqual(after.Masquerade))
        {
            changes.Add(new TableChange.MasqueradeChanged(after.Masquerade));
        }

        if (before.Options != after.Options)
        {
            changes.Add(new TableChange.OptionsChanged(before.Options, after.Options));
        }

        return changes.ToImmutable();
    }

    private static void AddChanges(ImmutableArray<TableChange>.Builder changes, VirtualServiceSpec before, VirtualServiceSpec after)
    {
        // A change of a large table leaves most of its services as they are.
        if (ReferenceEquals(before, after))
        {
            return;
        }

        var sameAccess = before.Access.Allow.SequenceEqual(after.Access.Allow) && before.Access.Deny.SequenceEqual(after.Access.Deny);
        if (!sameAccess || before with { Access = after.Access, RealServers = after.RealServers } != after)
        {
            changes.Add(new TableChange.ServiceChanged(before, after));
        }

        changes.AddRange(before.RealServers
            .Where(server => TableEditor.IndexOf(after, server.Address, server.Port) < 0)
            .Select(server => new TableChange.ServerRemoved(after, server)));
        foreach (var server in after.RealServers)
        {
            var place = TableEditor.IndexOf(before, server.Address, server.Port);
            var was = place < 0 ? null : before.RealServers[place];
            if (was != server)
            {
                changes.Add(new TableChange.ServerSet(after, was, server));
            }
        }
    }

    private static bool SequenceEqual<T>(this ImmutableArray<T> left, ImmutableArray<T> right, Func<T, T, bool> equal) =>
        left.Length == right.Length && left.Zip(right).All(pair => equal(pair.First, pair.Second));

    private static bool SameMark(MarkRule left, MarkRule right) => left with { Ports = right.Ports } == right && left.Ports.SequenceEqual(right.Ports);
}
