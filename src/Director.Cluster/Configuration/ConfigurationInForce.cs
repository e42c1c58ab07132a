using Director.Configuration;

namespace Director.Cluster.Configuration;

/// <summary>The last good configuration. It belongs to the process: an actor that starts again goes on from here, and does not take the difference to the file's first state again.</summary>
internal sealed class ConfigurationInForce(string path, ConfigurationResult result)
{
    /// <summary>Where it is read from.</summary>
    public string Path => path;

    /// <summary>As it was read last without error; only <see cref="ConfigurationActor"/> changes it.</summary>
    public ConfigurationResult Result
    {
        get;
        set
        {
            field = value;
            Changed?.Invoke(value.Configuration!);
        }
    } = result;

    /// <summary>Raised when another configuration is in force.</summary>
    public event Action<DirectorConfiguration>? Changed;
}
