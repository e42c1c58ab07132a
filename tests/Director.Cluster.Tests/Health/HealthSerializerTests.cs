using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Director.Cluster.Health;
using Director.Health.Probing;
using Xunit;

namespace Director.Cluster.Tests.Health;

public sealed class HealthSerializerTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("health", ConfigurationFactory.ParseString(HealthSerializer.Configuration));

    public void Dispose() => _system.Dispose();

    private SerializerWithStringManifest SerializerOf(object message) => Assert.IsType<HealthSerializer>(_system.Serialization.FindSerializerFor(message));

    private T Travel<T>(T message)
        where T : IHealthMessage
    {
        var serializer = SerializerOf(message);
        return Assert.IsType<T>(serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message)));
    }

    [Fact]
    public void Every_message_arrives_as_it_was_sent()
    {
        var since = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);
        var verdicts = new Verdicts("id", "lb1", [new("a", Verdict.Down, "connection refused", null, since), new("b", Verdict.Up, "", 0, since), new("c", Verdict.Unknown, "ä", 100, since)]);
        var back = Travel(verdicts);
        Assert.Equal((verdicts.Prober, verdicts.Name), (back.Prober, back.Name));
        Assert.Equal(verdicts.Told.AsEnumerable(), back.Told);
        var words = new MaintenanceWords([new("www/10.0.0.1:80", true, since.AddTicks(7), "lb1"), new("10.0.0.2", false, since, "lb2")]);
        Assert.Equal(words.Words.AsEnumerable(), Travel(words).Words);
    }

    [Fact]
    public void Every_type_of_message_has_a_case()
    {
        var types = typeof(IHealthMessage).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IHealthMessage)) && !type.IsInterface).Select(type => type.Name);
        Assert.Equal(["MaintenanceWords", "Verdicts"], types.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_too_long_is_cut_and_what_is_no_message_is_refused()
    {
        Assert.Equal(200, Travel(new Verdicts("id", "lb1", [new("a", Verdict.Down, new string('x', 5000), null, DateTimeOffset.UnixEpoch)])).Told[0].Detail.Length);
        var serializer = SerializerOf(new MaintenanceWords([]));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([1, 2, 3], "director-health/1 Verdicts"));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([], "director-health/2 Verdicts"));
    }
}
