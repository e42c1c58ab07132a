using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>Tells the operator's scripts and mail what became of a group. Nobody waits for them.</summary>
internal sealed class GroupNotices(Action<string> log) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly WorkQueue _scripts = new("group-scripts", Patience);
    private readonly WorkQueue _mails = new("group-mail", Patience);

    /// <summary>Tells of a take.</summary>
    public void Took(GroupConfiguration group, MailConfiguration? mail, string director, string reason) =>
        Tell(group, mail, group.OnTake, "take", $"{director} took group {group.Name}", reason);

    /// <summary>Tells of a release.</summary>
    public void Released(GroupConfiguration group, MailConfiguration? mail, string director, string reason) =>
        Tell(group, mail, group.OnRelease, "release", $"{director} released group {group.Name}", reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        _scripts.Dispose();
        _mails.Dispose();
    }

    private void Tell(GroupConfiguration group, MailConfiguration? mail, string script, string action, string subject, string reason)
    {
        if (script.Length > 0)
            _scripts.Ask(() => GroupScript.Run(script, group.Name, group.Addresses, action, log));
        if (mail is not null)
            _mails.Ask(() => GroupMail.Send(mail, subject, $"{subject} ({string.Join(", ", group.Addresses)}): {reason}", log));
    }
}
