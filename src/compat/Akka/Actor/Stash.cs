namespace Akka.Actor;

public interface IStash
{
    int Count { get; }

    bool IsEmpty { get; }

    bool NonEmpty { get; }

    void Stash();

    void Unstash();

    void UnstashAll();
}

public interface IActorStash
{
    IStash Stash { get; set; }
}

public interface IWithUnrestrictedStash : IActorStash
{
}

public interface IWithUnboundedStash : IWithUnrestrictedStash
{
}

public interface IWithStash : IWithUnrestrictedStash
{
}

/// <summary>Messages set aside by an incarnation; they go back to the head of its mailbox, also when it restarts or stops.</summary>
internal sealed class ActorStash(ActorCell cell) : IStash
{
    private readonly List<Message> _messages = [];

    public int Count => _messages.Count;

    public bool IsEmpty => Count == 0;

    public bool NonEmpty => Count > 0;

    public void Stash()
    {
        var message = cell.CurrentMessage;
        if (message.Content is null)
        {
            throw new IllegalActorStateException("There is no message to stash");
        }

        if (_messages.Count > 0 && ReferenceEquals(_messages[^1].Content, message.Content) && ReferenceEquals(_messages[^1].Sender, message.Sender))
        {
            throw new IllegalActorStateException($"Can't stash the same message {message.Content} more than once");
        }

        _messages.Add(message);
    }

    public void Unstash()
    {
        if (_messages.Count > 0)
        {
            cell.Mailbox.Prepend([_messages[0]]);
            _messages.RemoveAt(0);
        }
    }

    public void UnstashAll()
    {
        cell.Mailbox.Prepend(_messages);
        _messages.Clear();
    }
}
