using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>What a configuration file says of a part.</summary>
/// <param name="Content">The part as <see cref="TablePart.Content"/> has it; an empty table: the file has no such service.</param>
/// <param name="Since">When the file began to say so: its time stamp at the director's start, or when a running director saw the change.</param>
internal sealed record FileDefinition(ForwardingTable Content, DateTimeOffset Since);
