using System.Diagnostics;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>
/// Attacks a director for a time. What a batch brings about (see <see cref="DirectorUnderAttack.Signature"/>), alone and after what came before, guides it: the last steps before
/// something new are kept, and later attacks are made of them.
/// </summary>
internal sealed class Campaign
{
    private const int LongestCorpus = 8192;
    private const int LongestSequence = 8;
    private const int MostBehaviours = 4_000_000;
    private const int StepsOfAnAttack = 20_000;

    private readonly Dice _dice;
    private readonly HostileFrames _frames;
    private readonly AttackLog _log;
    private readonly List<AttackStep[]> _corpus = [];
    private readonly HashSet<ulong> _seen = [];
    private readonly List<AttackStep> _last = [];
    private ulong _before;

    public Campaign(ulong seed, AttackLog log)
    {
        _dice = new Dice(seed);
        _frames = new HostileFrames(_dice);
        _log = log;
    }

    public long Steps { get; private set; }

    public int CorpusSize => _corpus.Count;

    public int Behaviours => _seen.Count;

    /// <summary>Resident memory outside the managed heap after the first attacks and now, in MB.</summary>
    public (long First, long Last) Memory { get; private set; }

    public void Run(TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        for (var attack = 0; clock.Elapsed < time; attack++)
        {
            var connections = _dice.Pick((int[])[64, 512, 4096]);
            _log.Begin(connections);
            using (var director = new DirectorUnderAttack(connections))
            {
                var end = Steps + StepsOfAnAttack;
                while (Steps < end && _log.HasRoom && clock.Elapsed < time)
                {
                    foreach (var step in Next(director))
                    {
                        if (_log.HasRoom)
                            Do(director, step);
                    }
                }

                director.End();
            }

            GC.Collect();
            // The director's is native; what the managed heap has is this campaign's own memory of behaviours.
            var resident = (Environment.WorkingSet - GC.GetGCMemoryInfo().TotalCommittedBytes) >> 20;
            Memory = attack < 20 ? (resident, resident) : (Memory.First, resident);
            if (Memory.Last > Memory.First + 64)
                throw new FindingException($"Resident memory outside the managed heap grew from {Memory.First} to {Memory.Last} MB.");
        }
    }

    private void Do(DirectorUnderAttack director, AttackStep step)
    {
        _log.Write(step);
        Steps++;
        director.Do(step);
        _last.Add(step);
        if (_last.Count > LongestSequence)
            _last.RemoveAt(0);
        if (director.Signature == 0)
            return;
        var isNew = _seen.Count < MostBehaviours && _seen.Add(director.Signature);
        var isNewAfter = _seen.Count < MostBehaviours / 2 && _seen.Add((_before * 31) ^ (director.Signature << 1));
        _before = director.Signature;
        if (!isNew && (!isNewAfter || !_dice.OneIn(16)))
            return;
        AttackStep[] kept = [.. _last.TakeLast(isNew ? LongestSequence : 3).Select(each => each.Bytes.Length > 4096 && !isNew ? each with { Bytes = each.Bytes[..4096] } : each)];
        if (_corpus.Count < LongestCorpus)
            _corpus.Add(kept);
        else
            _corpus[_dice.Below(LongestCorpus)] = kept;
    }

    private IEnumerable<AttackStep> Next(DirectorUnderAttack director)
    {
        switch (_dice.Below(40))
        {
            case < 14 when _corpus.Count > 0:
                return _dice.Pick(_corpus).Select(step => _dice.OneIn(3) ? _frames.Mangle(step) : step);
            case < 16 when _corpus.Count > 1:
                return [.. _dice.Pick(_corpus).Take(3), .. _dice.Pick(_corpus).TakeLast(3)];
            case < 21:
                return [_frames.Mangle(_frames.Valid())];
            case < 26:
                return [_frames.Valid() with { IsFollowed = _dice.OneIn(3) }];
            case < 32:
                return [_frames.Answer(director.Recent) is var answer && _dice.OneIn(4) ? _frames.Mangle(answer) : answer];
            case 32:
                return _dice.OneIn(2) ? _frames.Fragments() : _frames.Fragments().Select(_frames.Mangle);
            case 33:
                return Enumerable.Range(0, 10).Select(_ => _frames.Capture()).Select(step => _dice.OneIn(4) ? _frames.Mangle(step) : step);
            case 34:
                return [_frames.Noise()];
            case 35 when _dice.OneIn(8):
                var whole = _dice.OneIn(2) ? _frames.Valid() : _frames.Answer(director.Recent);
                return Enumerable.Range(0, Math.Min(whole.Bytes.Length, 200) + 1).Select(length => whole with { Bytes = whole.Bytes[..length] });
            case 36:
                return [new AttackStep(AttackKind.Wait, _dice.Below(6) switch { 0 => 3_600_000, 1 => 60_000, 2 => 15_000, _ => _dice.Below(1500) }, [])];
            case 37 when _dice.OneIn(4):
                return [new AttackStep(AttackKind.Table, _dice.Below(HostileTables.Count), [])];
            case 38 when _dice.OneIn(4):
                return [new AttackStep(AttackKind.Neighbours, _dice.Below(2), [])];
            case 39 when _dice.OneIn(8):
                return [new AttackStep(AttackKind.Stall, _dice.Below(4) / 3, [])];
            default:
                return [_frames.Valid()];
        }
    }
}
