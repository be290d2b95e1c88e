// Makes n accounts of four fields, one of which is a closure over the account, and pays into each by calling it.
"use strict";
const n = Number(process.argv[2] ?? 1000);

class Account {
  constructor(id, balance, payments, pay) {
    this.id = id;
    this.balance = balance;
    this.payments = payments;
    this.pay = pay;
  }
}

function open(id) {
  const account = new Account(id, 100, 0, null);
  account.pay = (amount) => {
    account.balance = account.balance + amount;
    account.payments = account.payments + 1;
    return account.balance;
  };
  return account;
}

function build(count) {
  const accounts = [];
  for (let i = 0; i < count; i++) {
    accounts.push(open(i));
  }
  return accounts;
}

function total(accounts) {
  let sum = 0;
  for (const account of accounts) {
    const pay = account.pay;
    sum = (sum * 3 + pay(account.id) + account.payments) % 1000003;
  }
  return sum;
}

const accounts = build(n);
console.log(`accounts ${accounts.length} ${total(accounts)}`);
