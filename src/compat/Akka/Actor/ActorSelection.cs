namespace Akka.Actor;

/// <summary>Whoever is at a path when a message is told: names, <c>..</c> for the parent, <c>*</c> for every child.</summary>
public class ActorSelection : ICanTell
{
    private readonly string[] _elements;

    public ActorSelection(IActorRef anchor, string path)
        : this(anchor, path.Split('/'))
    {
    }

    public ActorSelection(IActorRef anchor, IEnumerable<string> elements)
    {
        Anchor = anchor;
        _elements = [.. elements.Where(element => element.Length > 0)];
    }

    public IActorRef Anchor { get; }

    public string PathString => "/" + string.Join('/', _elements);

    public void Tell(object message, IActorRef sender = null)
    {
        InvalidMessageException.ThrowIfNull(message);
        sender ??= ActorCell.CurrentSelfOrNoSender;
        if (Anchor is not LocalActorRef)
        {
            // The other system goes down the path.
            Anchor.Tell(new ActorSelectionMessage(message, _elements), sender);
            return;
        }

        var system = ((IInternalActorRef)Anchor).System;
        IEnumerable<IInternalActorRef> at = [(IInternalActorRef)Anchor];
        foreach (var element in _elements)
        {
            at = at.SelectMany(reference => Step(reference, element));
        }

        var found = false;
        foreach (var recipient in at)
        {
            found = true;
            recipient.Tell(message, sender);
        }

        if (!found && !_elements.Contains("*"))
        {
            system.DeadLetterRef.Publish(message, sender, system.DeadLetters);
        }
    }

    public Task<IActorRef> ResolveOne(TimeSpan timeout) => ResolveOne(timeout, CancellationToken.None);

    public async Task<IActorRef> ResolveOne(TimeSpan timeout, CancellationToken ct)
    {
        try
        {
            var identity = await this.Ask<ActorIdentity>(new Identify(null), timeout, ct).ConfigureAwait(false);
            return identity.Subject ?? throw new ActorNotFoundException("subject was null");
        }
        catch (AskTimeoutException)
        {
            throw new ActorNotFoundException($"Nobody at {this} answered in {timeout}");
        }
    }

    public override string ToString() => $"ActorSelection[Anchor({Anchor.Path}), Path({PathString})]";

    private static IEnumerable<IInternalActorRef> Step(IInternalActorRef reference, string element)
    {
        if (reference is not LocalActorRef local)
        {
            return [];
        }

        return element switch
        {
            "*" => local.Cell.Children(),
            ".." => [local.Cell.Parent],
            _ => local.Cell.Child(element) is LocalActorRef child ? [child] : [],
        };
    }
}
