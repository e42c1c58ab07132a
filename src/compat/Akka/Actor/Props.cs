using System.Linq.Expressions;
using System.Reflection;

namespace Akka.Actor;

/// <summary>How to make an actor. The arguments of its constructor are evaluated once, when the props are made: every incarnation gets the same objects.</summary>
public class Props
{
    private readonly Func<ActorBase> _factory;

    public Props(Type type, object[] args)
    {
        Type = type;
        Arguments = args ?? [];
    }

    private Props(Type type, Func<ActorBase> factory)
        : this(type, []) => _factory = factory;

    public Type Type { get; }

    public object[] Arguments { get; }

    public SupervisorStrategy SupervisorStrategy { get; set; }

    public static Props Create<TActor>(Expression<Func<TActor>> factory, SupervisorStrategy supervisorStrategy = null)
        where TActor : ActorBase
    {
        var props = factory.Body switch
        {
            NewExpression create => new Props(typeof(TActor), [.. create.Arguments.Select(Evaluate)]),
            UnaryExpression => new Props(typeof(TActor), factory.Compile()),
            _ => throw new ArgumentException("The create function must be a 'new T (args)' expression"),
        };
        props.SupervisorStrategy = supervisorStrategy;
        return props;
    }

    public static Props Create<TActor>(params object[] args)
        where TActor : ActorBase => new(typeof(TActor), args);

    public static Props Create<TActor>(SupervisorStrategy supervisorStrategy)
        where TActor : ActorBase, new() => new(typeof(TActor), []) { SupervisorStrategy = supervisorStrategy };

    public static Props Create(Type type, params object[] args) =>
        type is null ? throw new ArgumentNullException(nameof(type), "Props must be instantiated with an actor type.") : new(type, args);

    public Props WithSupervisorStrategy(SupervisorStrategy supervisorStrategy)
    {
        var copy = (Props)MemberwiseClone();
        copy.SupervisorStrategy = supervisorStrategy;
        return copy;
    }

    public virtual ActorBase NewActor() => _factory?.Invoke()
        ?? (ActorBase)Activator.CreateInstance(Type, BindingFlags.Instance | BindingFlags.Public | BindingFlags.CreateInstance, null, Arguments, null);

    private static object Evaluate(Expression argument) => argument is ConstantExpression constant
        ? constant.Value
        : Expression.Lambda<Func<object>>(Expression.Convert(argument, typeof(object))).Compile(preferInterpretation: true)();
}
