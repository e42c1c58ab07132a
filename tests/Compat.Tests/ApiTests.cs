using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace Compat.Tests;

/// <summary>
/// What is public in compat is in the real packages too, by the signatures in <c>tests/data/api</c>. <c>Unlisted.txt</c> holds those of public types that the lists leave out.
/// On the real packages there is nothing to compare: what they have is what they have.
/// </summary>
public sealed class ApiTests
{
    private static readonly bool OnCompat = typeof(ApiTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Any(data => data is { Key: "Packages", Value: "compat" });

    public static TheoryData<string> Packages => ["Akka", "Akka.Cluster", "Akka.Cluster.Sharding", "Akka.Remote", "Akka.TestKit", "Akka.TestKit.Xunit2", "Hocon", "PacketDotNet", "SharpPcap"];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_public_member_is_in_the_real_package(string package)
    {
        if (!OnCompat)
        {
            return;
        }

        var listed = ListedTypes();
        var foreign = new List<string>();
        foreach (var type in Assembly.Load(package).GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            var name = Signatures.TypeName(type);
            if (!listed.TryGetValue(name, out var real))
            {
                foreign.Add($"{name}: the type is in no list");
                continue;
            }

            foreign.AddRange(Signatures.Bases(type).Except(AllBases(real, listed)).Select(missing => $"{name}: does not derive from {missing}"));
            if (Signatures.Kind(type) != real.Kind)
            {
                foreign.Add($"{name}: is '{Signatures.Kind(type)}', not '{real.Kind}'");
            }

            foreign.AddRange(Signatures.Members(type).Except(real.Members).Select(member => $"{name}: {member}"));
        }

        Assert.True(foreign.Count == 0, $"not in the real {package}:{Environment.NewLine}{string.Join(Environment.NewLine, foreign)}");
    }

    [Fact]
    public void The_comparison_sees_differences()
    {
        var real = Parse(
            """
            class Compat.Tests.ApiTests.Sample : IDisposable
                public Sample(int size = 3)
                public string Name { get; set; }
                public static Task<List<int>> Find<T>(this string text, out T[] found, params object[] args)
                protected virtual void Change(int? number = default)
            """)["Compat.Tests.ApiTests.Sample"];
        Assert.Equal(["IDisposable"], real.Bases);
        var members = Signatures.Members(typeof(Sample)).ToHashSet();
        Assert.Contains("public Sample(int size = 3)", members);
        Assert.Contains("public string Name { get; set; }", members);
        Assert.Contains("public static List<int> Find<T>(string text, out T[] found, params object[] args)", members);
        Assert.Contains("protected virtual void Change(int? number = default)", members);
        Assert.Equal(["public static List<int> Find<T>(string text, out T[] found, params object[] args)"], members.Except(real.Members));
    }

    /// <summary>Bases are listed by their simple names; those of a listed base count too.</summary>
    private static HashSet<string> AllBases(ListedType type, Dictionary<string, ListedType> listed)
    {
        var all = new HashSet<string>(type.Bases);
        foreach (var inherited in type.Bases)
        {
            all.UnionWith(listed.Where(one => one.Key.EndsWith("." + inherited, StringComparison.Ordinal)).SelectMany(one => AllBases(one.Value, listed)));
        }

        return all;
    }

    private static Dictionary<string, ListedType> ListedTypes() => Parse(string.Join(
        Environment.NewLine, Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "api")).Append(Path.Combine(AppContext.BaseDirectory, "Unlisted.txt")).Select(File.ReadAllText)));

    private static Dictionary<string, ListedType> Parse(string lists)
    {
        var types = new Dictionary<string, ListedType>();
        var members = new HashSet<string>();
        var space = "";
        foreach (var line in lists.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0))
        {
            if (line.StartsWith("    ", StringComparison.Ordinal))
            {
                // The values of an enumeration stand on one line; commas elsewhere are inside of parentheses or braces.
                var isEnumeration = !line.Contains('(') && !line.TrimStart().StartsWith("p", StringComparison.Ordinal);
                members.UnionWith(isEnumeration ? line.Split(',').Select(value => value.Trim()) : [Signatures.Normalise(line.Trim())]);
                continue;
            }

            var (head, bases) = line.Split(" : ", 2) is [var left, var right] ? (left, SplitList(right)) : (line, []);
            members = [];
            string kind, name;
            if (head.Contains("delegate "))
            {
                // Written without its namespace: that of the type before it.
                kind = "delegate";
                name = space + head[..head.IndexOf('(', StringComparison.Ordinal)].Split(' ')[^1];
                members.Add(head[(head.IndexOf("delegate ", StringComparison.Ordinal) + 9)..]);
            }
            else
            {
                // Type arguments have blanks in them.
                var arguments = head.IndexOf('<', StringComparison.Ordinal);
                name = head[(head.LastIndexOf(' ', arguments < 0 ? head.Length - 1 : arguments) + 1)..];
                kind = head[..^(name.Length + 1)];
                if (arguments < 0)
                {
                    space = name[..(name.LastIndexOf('.') + 1)];
                }
            }

            types.TryAdd(name, new ListedType(kind, [.. bases], members));
        }

        return types;
    }

    private static IEnumerable<string> SplitList(string list)
    {
        var (start, depth) = (0, 0);
        for (var i = 0; i < list.Length; i++)
        {
            depth += list[i] switch { '<' => 1, '>' => -1, _ => 0 };
            if (list[i] == ',' && depth == 0)
            {
                yield return list[start..i].Trim();
                start = i + 1;
            }
        }

        yield return list[start..].Trim();
    }

    private sealed record ListedType(string Kind, HashSet<string> Bases, HashSet<string> Members);

    public class Sample(int size = 3)
    {
        public string Name { get; set; } = size.ToString(System.Globalization.CultureInfo.InvariantCulture);

        public static List<int> Find<T>(string text, out T[] found, params object[] args)
        {
            found = [];
            return [text.Length, args.Length];
        }

        protected virtual void Change(int? number = null)
        {
        }
    }
}

/// <summary>Public signatures as the lists write them.</summary>
internal static class Signatures
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char", [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long",
        [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
    };

    /// <summary>With its namespace; nested types after their outer type's name.</summary>
    public static string TypeName(Type type) => (type.IsNested || type.Namespace is null ? "" : type.Namespace + ".") + (type.IsNested ? $"{TypeName(type.DeclaringType!)}." : "") + Simple(type);

    public static string Kind(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return "delegate";
        }

        var kind = type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : "class";
        return kind != "class" ? kind : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
    }

    /// <summary>Base type and public interfaces, as far as they are compat's own.</summary>
    public static IEnumerable<string> Bases(Type type)
    {
        if (type.IsEnum || Kind(type) == "delegate")
        {
            return [];
        }

        var inherited = type.BaseType?.GetInterfaces() ?? [];
        IEnumerable<Type> bases = type.GetInterfaces().Except(inherited).Where(one => one.IsVisible);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases = bases.Append(parent);
        }

        return bases.Select(Name);
    }

    public static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(value => $"{value.Name} = {Convert.ToInt64(value.GetRawConstantValue(), null)}");
        }

        if (Kind(type) == "delegate")
        {
            var invoke = type.GetMethod("Invoke")!;
            return [$"{Name(invoke.ReturnType)} {LocalName(type)}({Parameters(invoke)})"];
        }

        var members = type.GetConstructors(Declared & ~BindingFlags.Static).Where(IsVisible).Select(constructor => $"{Access(constructor)} {Plain(type)}({Parameters(constructor)})").ToList();
        if (type.IsValueType)
        {
            // A struct's parameterless constructor is always there.
            members.Remove($"public {Plain(type)}()");
        }

        members.AddRange(type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field));
        members.AddRange(type.GetProperties(Declared).Where(property => property.GetAccessors(nonPublic: true).Any(IsVisible)).Select(Property));
        members.AddRange(type.GetEvents(Declared).Where(one => IsVisible(one.AddMethod!)).Select(one => $"{Modifiers(one.AddMethod!)} event {Name(one.EventHandlerType!)} {one.Name}"));
        members.AddRange(type.GetMethods(Declared).Where(method => IsVisible(method) && !IsImplied(method)).Select(Method));
        return members.Select(Normalise);
    }

    /// <summary>The lists say override of methods and virtual of properties that override.</summary>
    public static string Normalise(string member) => member.Replace(" override ", " virtual ", StringComparison.Ordinal);

    private static bool IsImplied(MethodInfo method) =>
        (method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal))
        || method.Name is "Equals" or "GetHashCode" or "ToString" or "Finalize"
        || method.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "public" : "protected";

    private static string Modifiers(MethodInfo method)
    {
        var kind = method switch
        {
            _ when method.DeclaringType!.IsInterface => "",
            { IsStatic: true } => " static",
            { IsAbstract: true } => " abstract",
            { IsVirtual: true, IsFinal: false } => " virtual",
            _ when method.GetBaseDefinition() != method => " virtual",
            _ => "",
        };
        return Access(method) + kind;
    }

    private static string Field(FieldInfo field) =>
        $"{(field.IsPublic ? "public" : "protected")} {(field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : ""))}{Name(field.FieldType)} {field.Name}";

    private static string Property(PropertyInfo property)
    {
        var widest = property.GetAccessors(nonPublic: true).Where(IsVisible).OrderBy(accessor => accessor.IsPublic ? 0 : 1).First();
        var name = property.GetIndexParameters() is { Length: > 0 } index ? $"this[{string.Join(", ", index.Select(one => $"{Name(one.ParameterType)} {one.Name}"))}]" : property.Name;
        var get = property.GetMethod is { } getter && IsVisible(getter) && Access(getter) == Access(widest) ? "get; " : "";
        // Setters count also where they are protected; of sealed overrides the lists give no modifier.
        var set = property.SetMethod is { } setter && IsVisible(setter) ? "set; " : "";
        return $"{(widest.IsFinal ? Access(widest) : Modifiers(widest))} {Name(property.PropertyType)} {name} {{ {get}{set}}}";
    }

    private static string Method(MethodInfo method) =>
        $"{Modifiers(method)} {Name(method.ReturnType)} {method.Name}{TypeArguments(method.GetGenericArguments())}({(method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "")}{Parameters(method)})";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        var type = parameter.ParameterType;
        var passing = type.IsByRef ? parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref " : "";
        var array = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        return $"{passing}{array}{Name(type.IsByRef ? type.GetElementType()! : type)} {parameter.Name}{Default(parameter)}";
    }));

    private static string Default(ParameterInfo parameter) => !parameter.HasDefaultValue ? "" : " = " + parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType ? "default" : "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        var value => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string Name(Type type)
    {
        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (type.IsPointer)
        {
            return Name(type.GetElementType()!) + "*";
        }

        return Nullable.GetUnderlyingType(type) is { } value ? Name(value) + "?" : LocalName(type);
    }

    private static string LocalName(Type type) => (type is { IsNested: true, IsGenericParameter: false } ? $"{LocalName(type.DeclaringType!)}." : "") + Simple(type);

    private static string Simple(Type type) => Plain(type) + TypeArguments(type.GetGenericArguments());

    private static string Plain(Type type) => type.Name.Split('`')[0];

    private static string TypeArguments(Type[] arguments) => arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(Name))}>";
}
