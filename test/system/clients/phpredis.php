<?php
/**
 * Debian's php-redis with its default settings against the proxy: an ordinary mixed workload.
 *
 * Started by clients.test.ts as: php phpredis.php PORT PASSWORD (empty: none). Ends with 0 when every
 * result was as a Redis would give it.
 */

declare(strict_types=1);

[$port, $password] = [(int) $argv[1], $argv[2] ?? ''];

function connectTo(int $port, string $password): Redis
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port, 5.0);
    if ($password !== '') {
        same($redis->auth($password), true);
    }
    return $redis;
}

function same($got, $wanted): void
{
    if ($got !== $wanted) {
        throw new Exception('got ' . json_encode($got) . ' instead of ' . json_encode($wanted));
    }
}

/** The command gives false and leaves an error with the text. */
function fails(Redis $redis, $reply, string $text): void
{
    same($reply, false);
    $error = (string) $redis->getLastError();
    if (strpos($error, $text) === false) {
        throw new Exception("another error than $text: $error");
    }
    $redis->clearLastError();
}

function checkValues(Redis $redis): void
{
    same($redis->flushAll(), true);
    same($redis->set('s', 'héllo'), true);
    same($redis->get('s'), 'héllo');
    same($redis->get('none'), false);
    same($redis->set('s', 'x', ['nx', 'ex' => 100]), false);
    same($redis->append('s', '!'), 7);
    same($redis->incrBy('n', 5), 5);
    same($redis->incrByFloat('f', 1.5), 1.5);
    same($redis->setex('t', 100, 'v'), true);
    same($redis->ttl('t') > 0, true);
    same($redis->expire('none', 5), false);
    same($redis->hMSet('h', ['a' => 1, 'b' => 'two']), true);
    same($redis->hGetAll('h'), ['a' => '1', 'b' => 'two']);
    same($redis->hMGet('h', ['a', 'zz']), ['a' => '1', 'zz' => false]);
    same($redis->rPush('l', '1', '2', '3'), 3);
    same($redis->lRange('l', 0, -1), ['1', '2', '3']);
    same($redis->lPop('l'), '1');
    same($redis->sAdd('set', 'a', 'b'), 2);
    $members = $redis->sMembers('set');
    sort($members);
    same($members, ['a', 'b']);
    same($redis->zAdd('z', 1, 'a', 2.5, 'b'), 2);
    same($redis->zRange('z', 0, -1, true), ['a' => 1.0, 'b' => 2.5]);
    same($redis->type('z'), Redis::REDIS_ZSET);
    same($redis->object('encoding', 'n'), 'int');
}

function checkStreams(Redis $redis): void
{
    same($redis->xAdd('stream', '1-1', ['field' => 'value']), '1-1');
    same($redis->xRange('stream', '-', '+'), ['1-1' => ['field' => 'value']]);
    same($redis->xGroup('CREATE', 'stream', 'readers', '0'), true);
    $read = $redis->xReadGroup('readers', 'me', ['stream' => '>']);
    same($read, ['stream' => ['1-1' => ['field' => 'value']]]);
    same($redis->xAck('stream', 'readers', ['1-1']), 1);
}

function checkManyKeys(Redis $redis): void
{
    $names = array_map(fn (int $number) => "many:$number", range(0, 299));
    $values = array_map(fn (string $name) => "v-$name", $names);
    same($redis->mSet(array_combine($names, $values)), true);
    same($redis->mGet($names), $values);
    same($redis->exists($names), 300);
    $redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    $found = [];
    $cursor = null;
    while (($batch = $redis->scan($cursor, 'many:*', 50)) !== false) {
        $found = array_merge($found, $batch);
    }
    $found = array_values(array_unique($found));
    sort($found);
    $wanted = $names;
    sort($wanted);
    same($found, $wanted);
    same(count($redis->keys('many:*')), 300);
    same($redis->del(array_slice($names, 0, 100)), 100);
    same($redis->unlink($names), 200);
}

function checkPipelines(Redis $redis): void
{
    $pipeline = $redis->multi(Redis::PIPELINE);
    $wanted = [];
    for ($number = 0; $number < 500; $number++) {
        $pipeline->set("pipe:$number", (string) $number)->get("pipe:$number");
        array_push($wanted, true, (string) $number);
    }
    same($pipeline->exec(), $wanted);
}

function checkScripts(Redis $redis): void
{
    $add = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
    same($redis->eval($add, ['script:first', 7], 1), 7);
    for ($number = 0; $number < 50; $number++) {
        same($redis->evalSha(sha1($add), ["script:$number", 7], 1), 7);
    }
    $sha = $redis->script('load', 'return 42');
    same($redis->evalSha($sha, ['any'], 1), 42);
    same($redis->script('exists', $sha, str_repeat('0', 40)), [1, 0]);
    fails($redis, $redis->evalSha(str_repeat('1', 40), ['k'], 1), 'NOSCRIPT');
}

function checkServer(Redis $redis, int $port, string $password): void
{
    same(ctype_digit($redis->info()['redis_version'][0]), true);
    same($redis->dbSize() > 500, true);
    same($redis->ping(), true);
    same($redis->echo('hi'), 'hi');
    $other = connectTo($port, $password);
    same($other->select(3), true);
    same($other->set('only-3', 'v'), true);
    same($redis->exists('only-3'), 0);
    same($other->flushDB(), true);
    same($other->dbSize(), 0);
    same($redis->dbSize() > 500, true);
}

function checkErrors(Redis $redis, int $port, string $password): void
{
    fails($redis, $redis->lPush('s', 'x'), 'WRONGTYPE');
    fails($redis, $redis->incr('s'), 'not an integer');
    fails($redis, $redis->sUnion('set', 'set2', 'set3', 'set4'), 'CROSSSLOT');
    fails($redis, $redis->rawCommand('SHUTDOWN'), 'not allowed');
    fails($redis, $redis->rawCommand('NOSUCHCOMMAND', 'a'), 'unknown command');
    fails($redis, $redis->rawCommand('MULTI'), 'not supported yet');
    same($redis->ping(), true);
    if ($password === '') {
        return;
    }
    $wrong = new Redis();
    $wrong->connect('127.0.0.1', $port, 5.0);
    foreach ([fn () => $wrong->get('s'), fn () => $wrong->auth('wrong')] as $call) {
        try {
            $reply = $call();
        } catch (RedisException $error) {
            $reply = false;
        }
        same($reply, false);
    }
}

function checkReconnect(Redis $redis): void
{
    same($redis->set('before', 'restart'), true);
    echo "please restart the proxy\n";
    fgets(STDIN);
    same($redis->get('before'), 'restart');
}

/** What a web server keeps from one page to the next. */
function checkPersistent(int $port, string $password): void
{
    for ($page = 0; $page < 2; $page++) {
        $redis = new Redis();
        same($redis->pconnect('127.0.0.1', $port, 5.0), true);
        if ($password !== '') {
            same($redis->auth($password), true);
        }
        same($redis->get('before'), 'restart');
        $redis->close();
    }
}

$redis = connectTo($port, $password);
$parts = [
    'values' => fn () => checkValues($redis),
    'streams' => fn () => checkStreams($redis),
    'many keys' => fn () => checkManyKeys($redis),
    'pipelines' => fn () => checkPipelines($redis),
    'scripts' => fn () => checkScripts($redis),
    'server' => fn () => checkServer($redis, $port, $password),
    'errors' => fn () => checkErrors($redis, $port, $password),
    'reconnect' => fn () => checkReconnect($redis),
    'persistent connections' => fn () => checkPersistent($port, $password),
];
foreach ($parts as $name => $part) {
    try {
        $part();
    } catch (Throwable $error) {
        echo "failed: $name: $error\n";
        exit(1);
    }
    echo "ok $name\n";
}
echo 'all of phpredis ' . phpversion('redis') . " went well\n";
