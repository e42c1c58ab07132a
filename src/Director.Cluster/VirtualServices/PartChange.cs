namespace Director.Cluster.VirtualServices;

/// <summary>A change of a part.</summary>
/// <param name="By">Who makes it, for people: <c>ipvsadm on lb1</c>.</param>
internal abstract record PartChange(string By)
{
    /// <summary>By <c>ipvsadm</c>.</summary>
    public sealed record ByEdit(TableEdit Edit, string By) : PartChange(By);

    /// <summary>A configuration file says something else of it, or says something of it for the first time.</summary>
    public sealed record ByFile(FileDefinition Definition, string By) : PartChange(By);
}
