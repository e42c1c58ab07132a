using System.Collections.Immutable;

namespace Director.Configuration.Import;

/// <summary>What came of an import.</summary>
/// <param name="Text">A configuration as HOCON with comments, which <see cref="ConfigurationReader"/> takes; empty exactly when there are errors.</param>
/// <param name="Errors">What is wrong in the files, one line each: <c>file:line: words: what is wrong; what would be right</c>.</param>
/// <param name="Missing">What of them has no counterpart here, one line each: <c>file:line: words: why, or what stands in for it</c>. The text ends with them too.</param>
public sealed record ImportResult(string Text, ImmutableArray<string> Errors, ImmutableArray<string> Missing);
