using System.Reflection;
using Hocon;
using Xunit;

namespace Compat.Tests.Hocon;

/// <summary>That what stands in for the package has nothing that the package has not: by the names in tests/data/api, read from the real one.</summary>
public sealed class HoconApiTests
{
    private static readonly string[] s_ofEveryObject = ["Equals", "GetHashCode", "ToString", "value__"];

    [Fact]
    public void Every_public_member_is_one_of_the_real_packages()
    {
        // The real package is what it is.
        var isCompat = typeof(HoconApiTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Any(a => a is { Key: "Packages", Value: "compat" });
        var real = RealTypes();
        foreach (var type in typeof(HoconParser).Assembly.GetExportedTypes().Where(_ => isCompat))
        {
            Assert.True(real.TryGetValue(type.Name, out var members), $"{type} is not in the real package");
            Assert.All(Members(type), name => Assert.Contains(name, members, StringComparison.Ordinal));
        }
    }

    private static IEnumerable<string> Members(Type type) =>
        type.IsSubclassOf(typeof(Delegate)) ? [] : type
            .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(m => m is ConstructorInfo or not MethodBase { IsSpecialName: true })
            .Select(m => m is ConstructorInfo ? $"public {type.Name}(" : m.Name)
            .Except(s_ofEveryObject);

    private static Dictionary<string, string> RealTypes()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "tests/data/api/Hocon.txt")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("tests/data/api/Hocon.txt is not above the tests");
        }

        return File.ReadAllText(Path.Combine(folder.FullName, "tests/data/api/Hocon.txt"))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .ToDictionary(block => block.Split('\n')[0].Split('(')[0].Split(" : ")[0].Split(' ', '.')[^1]);
    }
}
