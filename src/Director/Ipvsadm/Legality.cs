using System.Collections.Frozen;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>The commands, by ipvsadm's names for them.</summary>
internal enum CommandName
{
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    Set,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
}

/// <summary>The options whose presence is checked, in the order in which ipvsadm checks them.</summary>
internal enum OptionName
{
    Numeric,
    Connection,
    ServiceAddress,
    Scheduler,
    Persistent,
    Netmask,
    RealServer,
    ForwardingMethod,
    Weight,
    UThreshold,
    LThreshold,
    McastInterface,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    Nosort,
    Syncid,
    Exact,
    Ops,
    Pe,
    SchedFlags,
    McastGroup,
    McastPort,
    McastTtl,
    SyncMaxlen,
    TunInfo,
    TunType,
    TunPort,
    TunNocsum,
    TunCsum,
    TunRemcsum,
}

/// <summary>Which options a command (or a tunnel type) must have, may have, and may have only one of.</summary>
/// <param name="Required">All of them.</param>
/// <param name="Exclusive">At most one of them.</param>
/// <param name="Optional">Any of them.</param>
internal sealed record OptionRule(OptionName[] Required, OptionName[] Exclusive, OptionName[] Optional)
{
    /// <summary>Checks the options in their order and stops at the first that is wrong, as ipvsadm does.</summary>
    /// <param name="checkedOptions">The options that the rule speaks about.</param>
    /// <param name="present">The options that were given.</param>
    /// <param name="subject">What the rule belongs to, as the message names it: <c>'add-server' command</c>.</param>
    /// <exception cref="IpvsadmException">An option is missing or illegal.</exception>
    public void Check(IEnumerable<OptionName> checkedOptions, IReadOnlySet<OptionName> present, string subject)
    {
        OptionName? exclusive = null;
        foreach (OptionName option in checkedOptions)
        {
            string name = Legality.NameOf(option);
            if (!present.Contains(option))
            {
                if (Required.Contains(option))
                    throw IpvsadmException.Illegal($"You need to supply the '{name}' option for the {subject}");
            }
            else if (Exclusive.Contains(option))
            {
                if (exclusive is { } other)
                    throw IpvsadmException.Illegal($"The option '{name}' conflicts with the '{Legality.NameOf(other)}' option in the {subject}");
                exclusive = option;
            }
            else if (!Required.Contains(option) && !Optional.Contains(option))
            {
                throw IpvsadmException.Illegal($"Illegal '{name}' option with the {subject}");
            }
        }
    }
}

/// <summary>Which options go with which commands and tunnel types (ipvsadm's tables of legal combinations).</summary>
internal static class Legality
{
    private static readonly OptionName[] ServiceAttributes =
        [OptionName.Scheduler, OptionName.Persistent, OptionName.Netmask, OptionName.Ops, OptionName.Pe, OptionName.SchedFlags];

    private static readonly OptionName[] TunnelAttributes = [OptionName.TunType, OptionName.TunPort, OptionName.TunNocsum, OptionName.TunCsum, OptionName.TunRemcsum];

    private static readonly OptionName[] ServerAttributes =
        [OptionName.ForwardingMethod, OptionName.Weight, OptionName.UThreshold, OptionName.LThreshold, .. TunnelAttributes];

    private static readonly OptionRule Nothing = new([], [], []);
    private static readonly OptionRule Service = new([OptionName.ServiceAddress], [], ServiceAttributes);
    private static readonly OptionRule Server = new([OptionName.ServiceAddress, OptionName.RealServer], [], ServerAttributes);

    private static readonly FrozenDictionary<CommandName, OptionRule> Commands = new Dictionary<CommandName, OptionRule>
    {
        [CommandName.AddService] = Service,
        [CommandName.EditService] = Service,
        [CommandName.DeleteService] = new([OptionName.ServiceAddress], [], []),
        [CommandName.Flush] = Nothing,
        [CommandName.List] = new(
            [],
            [OptionName.Connection, OptionName.ServiceAddress, OptionName.Timeout, OptionName.Daemon],
            [
                OptionName.Numeric, OptionName.Stats, OptionName.Rate, OptionName.Thresholds, OptionName.PersistentConn, OptionName.Nosort,
                OptionName.Syncid, OptionName.Exact, OptionName.TunInfo,
            ]),
        [CommandName.AddServer] = Server,
        [CommandName.DeleteServer] = new([OptionName.ServiceAddress, OptionName.RealServer], [], []),
        [CommandName.EditServer] = Server,
        [CommandName.Set] = Nothing,
        [CommandName.StartDaemon] = new(
            [], [], [OptionName.McastInterface, OptionName.Syncid, OptionName.McastGroup, OptionName.McastPort, OptionName.McastTtl, OptionName.SyncMaxlen]),
        [CommandName.StopDaemon] = new([], [], [OptionName.Syncid]),
        [CommandName.Restore] = Nothing,
        [CommandName.Save] = new([], [], [OptionName.Numeric]),
        [CommandName.Zero] = new([], [], [OptionName.ServiceAddress]),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<TunnelType, OptionRule> Tunnels = new Dictionary<TunnelType, OptionRule>
    {
        [TunnelType.IpIp] = Nothing,
        [TunnelType.Gue] = new([OptionName.TunPort], [OptionName.TunNocsum, OptionName.TunCsum, OptionName.TunRemcsum], []),
        [TunnelType.Gre] = new([], [OptionName.TunNocsum, OptionName.TunCsum], []),
    }.ToFrozenDictionary();

    /// <summary>Checks a command's options.</summary>
    /// <exception cref="IpvsadmException">An option is missing or illegal.</exception>
    public static void Check(CommandName command, IReadOnlySet<OptionName> options) =>
        Commands[command].Check(Enum.GetValues<OptionName>(), options, $"'{NameOf(command)}' command");

    /// <summary>Checks a tunnel's options.</summary>
    /// <exception cref="IpvsadmException">An option is missing or illegal.</exception>
    public static void Check(TunnelType type, IReadOnlySet<OptionName> options) => Tunnels[type].Check(
        [OptionName.TunPort, OptionName.TunNocsum, OptionName.TunCsum, OptionName.TunRemcsum], options, $"'{type.ToString().ToLowerInvariant()}' tunnel type");

    /// <summary>Whether an option is about the encapsulation.</summary>
    public static bool IsTunnelOption(OptionName option) => TunnelAttributes.Contains(option);

    /// <summary>The name in messages: <c>PersistentConn</c> is <c>persistent-conn</c>.</summary>
    public static string NameOf(Enum name) => string.Concat(name.ToString().Select(static (letter, index) => letter switch
    {
        >= 'A' and <= 'Z' when index > 0 => $"-{char.ToLowerInvariant(letter)}",
        _ => char.ToLowerInvariant(letter).ToString(),
    }));
}
