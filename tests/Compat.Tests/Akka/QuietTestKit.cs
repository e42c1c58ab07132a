using Akka.TestKit.Xunit2;

namespace Compat.Tests.Akka;

/// <summary>Without the log of the failures that the tests cause.</summary>
public abstract class QuietTestKit(string config = "") : TestKit("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\nakka.log-dead-letters = off\nakka.test.single-expect-default = 15s\n" + config)
{
    /// <summary>Long enough for a machine that does other things too.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Long enough for what must not come.</summary>
    protected static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(150);
}
