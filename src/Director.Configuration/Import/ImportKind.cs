namespace Director.Configuration.Import;

/// <summary>A tool whose files can be imported.</summary>
public enum ImportKind
{
    /// <summary><c>ldirectord.cf</c>.</summary>
    Ldirectord,

    /// <summary><c>keepalived.conf</c>, old spellings too.</summary>
    Keepalived,

    /// <summary>What <c>ipvsadm-save</c> writes, and <c>ipvsadm</c> commands of a script.</summary>
    Ipvsadm,

    /// <summary><c>ha.cf</c>, <c>haresources</c> and <c>authkeys</c>, told apart by their content.</summary>
    Heartbeat,

    /// <summary><c>saru.conf</c>.</summary>
    Saru,

    /// <summary><c>feedbackd-agent.conf</c>.</summary>
    Feedbackd,
}
