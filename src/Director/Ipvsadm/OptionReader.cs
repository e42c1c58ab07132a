namespace Director.Ipvsadm;

/// <summary>Whether an option takes an argument.</summary>
internal enum ArgumentNeed
{
    /// <summary>It must not have one.</summary>
    None,

    /// <summary>It takes the rest of its element or the next element, whatever that looks like.</summary>
    Required,

    /// <summary>As <see cref="Required"/>, but it does without one when the next element begins with a dash.</summary>
    Optional,
}

/// <summary>An option that a command line may have.</summary>
/// <param name="Tag">What it means.</param>
/// <param name="Long">Its name after two dashes; there are no abbreviations.</param>
/// <param name="Short">Its letter after one dash, or NUL.</param>
/// <param name="Argument">Whether it takes an argument.</param>
internal readonly record struct OptionForm<TTag>(TTag Tag, string Long, char Short = '\0', ArgumentNeed Argument = ArgumentNeed.None);

/// <summary>An element of the command line cannot be read.</summary>
/// <param name="element">The whole element.</param>
/// <param name="reason">popt's words (<c>poptStrerror</c>).</param>
internal sealed class UnreadableOptionException(string element, string reason) : Exception($"{element}: {reason}");

/// <summary>
/// Reads a command line as the popt library does, which ipvsadm uses: joined short options, <c>-w5</c>, <c>-w=5</c>, <c>--weight=5</c>, options and other arguments in any order,
/// <c>--</c> before arguments that look like options.
/// </summary>
internal sealed class OptionReader<TTag>(IReadOnlyList<string> elements, IReadOnlyList<OptionForm<TTag>> forms)
{
    private readonly List<string> _leftovers = [];
    private int _next;
    private string _joined = "";
    private bool _onlyLeftovers;

    /// <summary>Arguments that belong to no option; complete when <see cref="TryRead"/> has returned false.</summary>
    public IReadOnlyList<string> Leftovers => _leftovers;

    /// <summary>The element that the last option was in.</summary>
    public string Element => _next == 0 ? "" : elements[_next - 1];

    /// <summary>Reads the next option.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="UnreadableOptionException">The option is unknown, or has an argument too many or too few.</exception>
    public bool TryRead(out TTag tag, out string? argument)
    {
        argument = null;
        OptionForm<TTag>? form = null;
        string? attached = null;
        while (_joined.Length == 0)
        {
            if (_next == elements.Count)
            {
                tag = default!;
                return false;
            }

            string element = elements[_next++];
            if (_onlyLeftovers || element is "-" or [] || element[0] != '-')
            {
                _leftovers.Add(element);
            }
            else if (element == "--")
            {
                _onlyLeftovers = true;
            }
            else if (element[1] == '-')
            {
                int equals = element.IndexOf('=', StringComparison.Ordinal);
                attached = equals < 0 ? null : element[(equals + 1)..];
                form = Find(candidate => candidate.Long == (equals < 0 ? element[2..] : element[2..equals]));
                break;
            }
            else
            {
                _joined = element[1..];
            }
        }

        if (form is null)
        {
            char letter = _joined[0];
            _joined = _joined[1..];
            form = Find(candidate => candidate.Short == letter);
        }

        if (form.Value.Argument != ArgumentNeed.None)
            argument = ReadArgument(form.Value.Argument, attached);
        else if (attached is not null || _joined is ['=', ..])
            throw new UnreadableOptionException(Element, "option does not take an argument");
        tag = form.Value.Tag;
        return true;
    }

    private OptionForm<TTag> Find(Predicate<OptionForm<TTag>> matches)
    {
        foreach (OptionForm<TTag> form in forms)
        {
            if (matches(form))
                return form;
        }

        throw new UnreadableOptionException(Element, "unknown option");
    }

    private string? ReadArgument(ArgumentNeed need, string? attached)
    {
        if (attached is not null)
            return attached;
        if (_joined.Length > 0)
        {
            string rest = _joined is ['=', ..] ? _joined[1..] : _joined;
            _joined = "";
            return rest;
        }

        if (_next == elements.Count)
            return need == ArgumentNeed.Optional ? null : throw new UnreadableOptionException(Element, "missing argument");
        if (need == ArgumentNeed.Optional && elements[_next] is ['-', ..])
            return null;
        return elements[_next++];
    }
}
