using System.Collections.Immutable;

namespace Director.Cluster.Health;

/// <summary>The folder whose files name real servers in maintenance (ldirectord's <c>maintenancedir</c>).</summary>
internal sealed class MaintenanceFolder
{
    private int _isReading;

    /// <summary>The names of its files; null while another thread still waits for them.</summary>
    /// <param name="path">The folder; empty is none.</param>
    public ImmutableHashSet<string>? Read(string path)
    {
        if (path.Length == 0)
        {
            return [];
        }

        if (Interlocked.Exchange(ref _isReading, 1) == 1)
        {
            return null;
        }

        try
        {
            return [.. Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file))];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // A folder that is not there is an empty one, as for ldirectord.
            return [];
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }
}
