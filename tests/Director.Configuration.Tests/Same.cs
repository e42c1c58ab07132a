using System.Collections;
using System.Reflection;

namespace Director.Configuration.Tests;

/// <summary>Equality of configurations by their values; an immutable array is equal only to itself.</summary>
internal static class Same
{
    /// <summary>The first difference as path and both values; null if there is none.</summary>
    public static string? Difference(object? a, object? b, string path = "")
    {
        if (a is null || b is null)
        {
            return a is null && b is null ? null : $"{path}: {a ?? "null"} and {b ?? "null"}";
        }

        if (a is IEnumerable first and not string && b is IEnumerable second)
        {
            var left = first.Cast<object>().ToList();
            var right = second.Cast<object>().ToList();
            return left.Count != right.Count ? $"{path}: {left.Count} and {right.Count} elements"
                : left.Select((e, i) => Difference(e, right[i], $"{path}[{i}]")).FirstOrDefault(d => d is not null);
        }

        if (a.GetType() == b.GetType() && a.GetType().Assembly == typeof(DirectorConfiguration).Assembly && !a.GetType().IsEnum)
        {
            return a.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(p => Difference(p.GetValue(a), p.GetValue(b), $"{path}.{p.Name}")).FirstOrDefault(d => d is not null);
        }

        return Equals(a, b) ? null : $"{path}: {a} and {b}";
    }
}
