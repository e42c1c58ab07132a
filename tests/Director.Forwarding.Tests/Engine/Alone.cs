using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Tests that measure memory or time: no other test runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
