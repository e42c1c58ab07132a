using System.Collections.Immutable;

namespace Director.Configuration;

/// <summary>What came of reading a configuration.</summary>
/// <param name="Configuration">The configuration; null exactly when there are errors.</param>
/// <param name="Errors">All that is wrong, one line each, in the files' order: <c>file:line: key = value: what is wrong; what would be right</c>.</param>
/// <param name="Notes">What the file asks for and the director does not do yet, and what is allowed and hardly meant, one line each.</param>
/// <param name="AkkaSection">The <c>akka { }</c> section with everything resolved and quoted, for <c>ConfigurationFactory.ParseString</c>; empty if there is
/// none.</param>
public sealed record ConfigurationResult(DirectorConfiguration? Configuration, ImmutableArray<string> Errors, ImmutableArray<string> Notes, string AkkaSection);
