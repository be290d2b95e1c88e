-- Makes n accounts of four fields, one of which is a closure over the account, and pays into each by calling it.
local n = tonumber(arg[1]) or 1000

local function open(id)
  local account = { id = id, balance = 100, payments = 0, pay = false }
  account.pay = function(amount)
    account.balance = account.balance + amount
    account.payments = account.payments + 1
    return account.balance
  end
  return account
end

local function build(count)
  local accounts = {}
  for i = 0, count - 1 do
    accounts[#accounts + 1] = open(i)
  end
  return accounts
end

local function total(accounts)
  local sum = 0
  for i = 1, #accounts do
    local account = accounts[i]
    local pay = account.pay
    sum = (sum * 3 + pay(account.id) + account.payments) % 1000003
  end
  return sum
end

local accounts = build(n)
print(string.format("accounts %d %d", #accounts, total(accounts)))
