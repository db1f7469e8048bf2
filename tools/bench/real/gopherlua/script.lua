local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end
print("fib", fib(27))

local sieve, primes = {}, 0
for i = 2, 300000 do
  if not sieve[i] then
    primes = primes + 1
    for j = i * 2, 300000, i do sieve[j] = true end
  end
end
print("primes", primes)

local Account = {}
Account.__index = Account
function Account.new() return setmetatable({ balance = 0 }, Account) end
function Account:add(n) self.balance = self.balance + n end
local account = Account.new()
for i = 1, 500000 do account:add(i) end
print("balance", account.balance)

local words = {}
local text = string.rep("the quick brown fox jumps over the lazy dog ", 3000)
for word in text:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local names = {}
for name in pairs(words) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do print(name, words[name]) end

local length = 0
for _ = 1, 25 do
  local parts = {}
  for i = 1, 2000 do parts[#parts + 1] = string.format("%d:%s", i, string.reverse(tostring(i))) end
  length = length + #table.concat(parts, ",")
end
print("length", length)

local values = coroutine.wrap(function()
  for i = 1, 30000 do coroutine.yield(i) end
end)
local total = 0
for i = 1, 30000 do total = total + values() end
print("coroutine", total)
